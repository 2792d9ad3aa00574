"""The arithmetic of the probes, on cases that can be worked out by hand; and their registry."""

from __future__ import annotations

import numpy as np
import pytest

from vibeshelf.core.errors import InputError, StorageError
from vibeshelf.core.probes import FAIL, GROUPS, NOT_APPLICABLE, PASS, WARN, Examination, ProbeResult, worst
from vibeshelf.services.health import changes, specimen_of
from vibeshelf.services.probes.drift import LEAST, MATTERS, compare
from vibeshelf.services.probes.geometry import effective_rank, spectrum
from vibeshelf.services.probes.mixture import share_by_chance, two_kinds
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.reencoding import SAMPLE, draw, share_interval
from vibeshelf.services.probes.registry import PROBES, chosen
from vibeshelf.services.probes.wording import LEAST_BOOKS, follow
from vibeshelf.services.shelf import Shelf


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_the_sample_meets_one_percent_with_99_percent() -> None:
    assert SAMPLE == 459
    assert 0.99**SAMPLE < 0.01 < 0.99 ** (SAMPLE - 1)


def test_a_draw_leaves_out_what_is_not_sound_and_depends_on_its_seed() -> None:
    sound = np.arange(1000) % 2 == 0
    first, again, other = draw(sound, 1, 50), draw(sound, 1, 50), draw(sound, 2, 50)
    assert (first == again).all()
    assert not np.array_equal(first, other)
    assert (first % 2 == 0).all()
    assert len(draw(sound, 1, 5000)) == 500


def test_the_interval_of_a_share() -> None:
    assert share_interval(3, 30, 30) == (0.1, 0.1)
    low, high = share_interval(0, 459, 100_000)
    assert low == 0
    assert 0.01 < high < 0.02
    low, high = share_interval(46, 459, 100_000)
    assert low < 46 / 459 < high


def test_the_effective_rank_counts_equal_directions() -> None:
    assert effective_rank(np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(3)
    assert effective_rank(np.array([1.0, 0.0])) == pytest.approx(1)
    flat = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    assert effective_rank(spectrum(flat)) == pytest.approx(3)


def books_of_words(seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Return texts of forty words and vectors that follow these; another seed is another model of the same texts."""
    random = np.random.default_rng(0)
    picks = [random.choice(40, 6, replace=False) for _ in range(LEAST_BOOKS * 2)]
    axes = np.random.default_rng([seed, 1]).standard_normal((40, 32))
    texts = [" ".join(f"word{at}" for at in pick) for pick in picks]
    return texts, unit(np.array([axes[pick].sum(axis=0) for pick in picks]))


@pytest.mark.parametrize("share", [0.1, 0.33, 0.5, 0.67, 0.9])
def test_two_models_in_one_collection_are_told_apart(share: float) -> None:
    (texts, vectors), (_, others) = books_of_words(), books_of_words(1)
    foreign = np.random.default_rng(2).random(len(texts)) < share
    found = two_kinds(texts, unit(np.where(foreign[:, None], others, vectors)), np.ones(len(texts), dtype=bool))
    assert found is not None
    assert found.apart
    smaller = foreign if foreign.mean() <= 0.5 else ~foreign
    assert (found.second == smaller).mean() > 0.98


def test_one_model_is_not_taken_for_two_and_few_books_are_no_sample() -> None:
    texts, vectors = books_of_words()
    found = two_kinds(texts, vectors, np.ones(len(texts), dtype=bool))
    assert found is None or not found.apart
    assert two_kinds(texts[:50], vectors[:50], np.ones(50, dtype=bool)) is None


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75])
def test_the_share_that_follows_no_words_is_estimated(share: float) -> None:
    texts, vectors = books_of_words()
    wrong = np.flatnonzero(np.random.default_rng(3).random(len(texts)) < share)
    vectors[wrong] = vectors[np.roll(wrong, 1)]
    followed = follow(texts, vectors, np.ones(len(texts), dtype=bool))
    assert followed is not None
    assert share_by_chance(followed) == pytest.approx(share, abs=0.08)


def test_vectors_that_follow_their_words_are_told_from_those_that_do_not() -> None:
    texts, vectors = books_of_words()
    vectors[7], vectors[200] = vectors[200].copy(), vectors[7].copy()
    followed = follow(texts, vectors, np.ones(len(texts), dtype=bool))
    assert followed is not None
    assert float(np.median(followed.own)) > 0.9
    assert abs(float(np.median(followed.shuffled))) < 0.2
    assert set(followed.least(2).tolist()) == {7, 200}
    assert follow(texts[:50], vectors[:50], np.ones(50, dtype=bool)) is None


def test_samples_of_one_kind_do_not_drift_and_of_two_do() -> None:
    random = np.random.default_rng(1)
    one, same, other = (random.standard_normal((300, 24)) for _ in range(3))
    other[:, 0] += 1.5
    alike, unlike = compare(unit(one), unit(same)), compare(unit(one), unit(other))
    assert not alike.drifted
    assert unlike.drifted
    assert unlike.area > MATTERS
    assert unlike.discrepancy > unlike.discrepancy_limit
    assert 0 <= alike.power <= 1
    few = compare(unit(one[:LEAST]), unit(same[:LEAST]))
    assert few.power <= alike.power


def test_one_kind_is_seldom_taken_for_two() -> None:
    random = np.random.default_rng(5)
    assert (
        sum(compare(unit(random.standard_normal((80, 16))), unit(random.standard_normal((80, 16))), seed).drifted for seed in range(20))
        <= 2
    )


def test_the_verdict_is_the_worst_result() -> None:
    assert worst([PASS, NOT_APPLICABLE, WARN]) == WARN
    assert worst([FAIL, WARN]) == FAIL
    assert worst([]) == worst([NOT_APPLICABLE]) == NOT_APPLICABLE


def test_every_probe_has_an_id_of_its_group_and_says_what_it_means() -> None:
    assert len({probe.id for probe in PROBES}) == len(PROBES)
    for probe in PROBES:
        assert probe.group in GROUPS
        assert probe.meaning.endswith(".")
        assert probe.expected
        assert probe.title
    assert [probe.group for probe in PROBES] == sorted((probe.group for probe in PROBES), key=GROUPS.index)


def test_probes_are_chosen_by_id_and_by_group() -> None:
    assert [probe.id for probe in chosen(["vectors.norms"])] == ["vectors.norms"]
    assert {probe.group for probe in chosen(["index", "drift.queries"])} == {"index", "drift"}
    assert all(probe.cheap for probe in chosen(None, cheap=True))
    with pytest.raises(InputError, match=r"unknown probe 'vector'; did you mean vectors\?"):
        chosen(["vector"])


def test_what_cannot_be_looked_at_fails_in_words(fake_starter: Shelf) -> None:
    def broken(_: object) -> Finding:
        raise StorageError("the disk is gone")

    probe = Probe("index.broken", "Broken", "a disk", "Nothing can be read.", broken)
    result = probe.run(specimen_of(fake_starter.index(), None, None))
    assert (result.status, result.observed) == (FAIL, "the disk is gone")


def test_a_change_is_said_once_and_only_where_there_is_one() -> None:
    before = examination(**{"vectors.norms": PASS, "index.recall": WARN})
    assert list(changes(before, before)) == []
    after = examination(**{"vectors.norms": FAIL, "index.recall": WARN, "drift.queries": WARN})
    assert list(changes(before, after)) == ["Since 2026-11-24 10:00 UTC vectors.norms went from pass to fail: seen."]


def examination(**statuses: str) -> Examination:
    results = tuple(ProbeResult(name, name.partition(".")[0], status, "seen", "wanted", "meaning") for name, status in statuses.items())
    return Examination("books", worst(list(statuses.values())), results, 1.0, "2026-11-24T10:00:00+00:00", "f" * 64, 1, 10)
