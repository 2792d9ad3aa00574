"""The parts under the Health page: the banner's verdict, the map's messages, charts, what is kept in memory."""

from __future__ import annotations

import numpy as np
import pytest

from vibeshelf.core.errors import InputError, ModelMismatch
from vibeshelf.core.probes import FAIL, PASS, WARN, Examination, ProbeResult
from vibeshelf.services.collection_map import CollectionMap
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui.banner import standing_of
from vibeshelf.ui.health.charts import chart_of
from vibeshelf.ui.health.map_view import GREY, Marks, by_books, by_genre, by_group, payload, row_picked
from vibeshelf.ui.health.probes import counts_of
from vibeshelf.ui.last_used import LastUsed

DRAWN = CollectionMap(
    ("a", "b", "c"), ("Alpha", "<b>Beta</b>", "Gamma"), np.array([[0, 0], [1, 1], [0.5, 0.5]], dtype=np.float32),
    np.array([0, 1, 1], dtype=np.int32), ("sea, storm, sailor", ""), np.array([0, 1, 2], dtype=np.int32), ("war", "other", "no genre"), 3,
)  # fmt: skip


def result(status: str, probe: str = "vectors.norms", **more: object) -> ProbeResult:
    return ProbeResult(probe, probe.partition(".")[0], status, "seen", "wanted", "meaning", **more)  # type: ignore[arg-type]


def examination_of(shelf: Shelf, *results: ProbeResult, revision: int = 0) -> Examination:
    manifest = shelf.manifest
    return Examination(
        shelf.name,
        FAIL,
        results,
        1.0,
        "2026-11-24T10:00:00+00:00",
        manifest.encoder.fingerprint,
        manifest.revision + revision,
        manifest.count,
    )


def test_a_collection_in_order_and_one_that_nobody_looked_at_have_no_banner(fake_starter: Shelf) -> None:
    assert standing_of(None, None) is None
    assert standing_of(fake_starter, None) is None
    assert standing_of(fake_starter, examination_of(fake_starter, result(PASS))) is None


def test_a_refusal_is_the_banner(fake_starter: Shelf) -> None:
    standing = standing_of(ModelMismatch("starter", "model", "one", "two", "Do this."), None)
    assert standing is not None
    assert standing.status == FAIL
    assert standing.reason == "Its model does not match, so nothing is searched with it."


def test_a_failing_probe_is_the_banner_as_long_as_the_collection_is_the_same(fake_starter: Shelf) -> None:
    results = (result(WARN, "vectors.truncated"), result(FAIL), result(FAIL, "vectors.zero"))
    standing = standing_of(fake_starter, examination_of(fake_starter, *results))
    assert standing is not None
    assert standing.status == FAIL
    assert standing.reason == "Lengths: seen, and 1 more"
    assert standing_of(fake_starter, examination_of(fake_starter, *results, revision=1)) is None


@pytest.mark.parametrize(
    "clicked",
    [None, 3, {}, {"row": 1}, {"row": 3, "key": "k"}, {"row": -1, "key": "k"}, {"row": "1", "key": "k"}, {"row": 1, "key": "old"}],
)
def test_only_a_row_of_this_map_is_a_click(clicked: object) -> None:
    assert row_picked(clicked, "k", 3) is None
    assert row_picked({"row": 2, "key": "k"}, "k", 3) == 2


def test_what_is_sent_to_the_browser_is_small_and_says_everything() -> None:
    sent = payload(DRAWN, "k", by_group(DRAWN), Marks(1, None, (2,)), "alt")
    assert sent["books"]["x"].tolist() == [0, 65535, 32768]
    assert str(sent["books"]["x"].dtype) == "uint16"
    assert sent["books"]["title"].tolist() == list(DRAWN.titles)
    assert [kind["name"] for kind in sent["kinds"]] == ["sea, storm, sailor", "group 2"]
    assert sent["kinds"][0]["short"] == "sea, storm"
    assert (sent["picked"], sent["near"]) == (1, [2])


def test_colours_point_out_genres_and_the_books_of_a_probe() -> None:
    genres = by_genre(DRAWN)
    assert [kind.colour == GREY for kind in genres.kinds] == [False, True, True]
    books = by_books("probe", [2], 3)
    assert books.of_row.tolist() == [1, 1, 0]


def test_charts_are_drawn_from_whole_figures_only() -> None:
    whole = {"norm_from": (0.9, 1.0), "norm_to": (1.0, 1.1), "books": (3, 4)}
    explained = chart_of(result(PASS, figures=whole))
    assert explained is not None
    bars = explained.chart.to_dict()
    assert {row["books"] for rows in bars["datasets"].values() for row in rows if "books" in row} == {3, 4}
    assert chart_of(result(PASS, figures={"norm_from": (0.9,)})) is None
    assert chart_of(result(PASS, "towers.pooling", figures=whole)) is None


def test_counts_name_the_worst_first() -> None:
    assert counts_of([result(PASS), result(PASS), result(FAIL), result(WARN)]) == "1 fails · 1 warns · 2 pass"


def test_what_is_kept_in_memory_is_bounded() -> None:
    kept: LastUsed[int] = LastUsed(2)
    for at, key in enumerate("abca"):
        kept[key] = at
    assert list(kept.items()) == [("c", 2), ("a", 3)]
    with pytest.raises(KeyError):
        kept["b"]


def test_input_error_is_a_refusal_too(fake_starter: Shelf) -> None:
    standing = standing_of(InputError("no such thing"), None)
    assert standing is not None
    assert standing.reason == "no such thing"
