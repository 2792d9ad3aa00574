"""Foreign vectors: what another model, another text or another row made, found by encoding again and by words."""

from __future__ import annotations

import numpy as np

from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.services.probes.mixture import MOST_SAID, share_by_chance, two_kinds
from vibeshelf.services.probes.probe import EXAMPLES, Finding, Probe, example
from vibeshelf.services.probes.reencoding import SAMPLE, Reencoded, Rows, found_elsewhere, of_heads, of_queries, share_interval
from vibeshelf.services.probes.specimen import Specimen
from vibeshelf.services.probes.wording import LEAST_BOOKS

_ENCODE, _ENCODE_ALL = "encode them again with the repair 'encode'", "encode all again with the repair 'encode'"
_BINS = 40
# What does not follow its words is suspected; of clean collections the largest share seen was 2.5 %, of 210 books.
_SUSPECT_SHARE, _SUSPECT_FAIL_SHARE = 0.03, 0.1
_LEAST_SUSPECTS = 8
# Standard errors by which the own words must do better than another book's.
_FOLLOWS = 5.0


def _foreign(specimen: Specimen) -> Finding:
    again = specimen.reencoded
    if again is None:
        return Finding(NOT_APPLICABLE, "no vector to compare")
    population = int(specimen.sound.sum())
    places = np.setdiff1d(again.differing, _explained(specimen, again))
    drawn = int(again.drawn.sum())
    low, high = share_interval(int(again.drawn[places].sum()), drawn, population)
    figures: dict[str, Figure] = {"cosine": tuple(map(float, again.cosines)), "bound": again.bound, "low": low, "high": high}
    looked = f"{drawn:,} of {population:,} books at random and {len(again.rows) - drawn:,} suspects encoded again"
    if not len(places):
        sure = "all agree" if drawn >= population else f"all agree: with 99 % confidence under {_percent(_upper(drawn))} are foreign"
        return Finding(PASS, f"{looked}: {sure}", figures=figures)
    share = f"{_percent(low)} to {_percent(high)} of all" if again.drawn[places].any() else "none of them in the random sample"
    observed = f"{looked}: {len(places):,} have another vector ({share}), the least cosine {float(np.nanmin(again.cosines[places])):.3f}"
    return _fail(specimen, again, places, observed, [f"cosine {again.cosines[place]:.3f}" for place in places], figures)


def _upper(drawn: int) -> float:
    """Return the share that so large a sample misses with a probability of 1 %."""
    return float(1 - 0.01 ** (1 / max(drawn, 1)))


def _percent(share: float) -> str:
    return f"{share:.2%}" if share < 0.1 else f"{share:.0%}"


def _explained(specimen: Specimen, again: Reencoded) -> Rows:
    """Return the places of differing books of which another probe says what happened to them."""
    elsewhere, _ = found_elsewhere(again, specimen.unit)
    return np.union1d(elsewhere, _of_queries(specimen, again))


def _of_queries(specimen: Specimen, again: Reencoded) -> Rows:
    return of_queries(specimen.encoder, again, specimen.texts, specimen.unit) if specimen.encoder is not None else again.rows[:0]


def _fail(specimen: Specimen, again: Reencoded, places: Rows, observed: str, details: list[str], figures: dict[str, Figure]) -> Finding:
    books = specimen.holdings.books
    rows = again.rows[places].tolist()
    shown = [example(books[row], detail) for row, detail in zip(rows[:EXAMPLES], details, strict=False)]
    # Where the sample meets some, others were not drawn: then all are encoded again.
    ids = [] if again.drawn[places].any() and len(books) > SAMPLE else [books[row].book_id for row in rows]
    return Finding(FAIL, observed, _ENCODE, examples=shown, figures=figures, repair="encode", book_ids=ids)


def _order(specimen: Specimen) -> Finding:
    again = specimen.reencoded
    if again is None:
        return Finding(NOT_APPLICABLE, "no vector to compare")
    places, there = found_elsewhere(again, specimen.unit)
    own = again.rows[places]
    # A book may share its text, and so its vector, with the one under which it was found.
    wrong = np.array([specimen.texts[row] != specimen.texts[at] for row, at in zip(own, there, strict=True)], dtype=bool)
    places, there, own = places[wrong], there[wrong], own[wrong]
    if not len(places):
        return Finding(PASS, f"none of {len(again.rows):,} books has its vector under another one")
    offsets, counts = np.unique(there - own, return_counts=True)
    shift = f", most of them {offsets[counts.argmax()]:+d} places on" if counts.max() > len(places) / 2 and len(places) > 2 else ""
    observed = f"{len(places):,} of {len(again.rows):,} books have their vector under another book{shift}"
    details = [f"its vector is stored under '{specimen.holdings.books[at].title}'" for at in there.tolist()]
    return _fail(specimen, again, places, observed, details, {"offset": tuple((there - own).tolist())})


def _prompted(specimen: Specimen) -> Finding:
    again = specimen.reencoded
    if again is None:
        return Finding(NOT_APPLICABLE, "no vector to compare")
    spec = specimen.manifest.encoder
    if spec.query_prompt == spec.document_prompt:
        return Finding(NOT_APPLICABLE, "queries and documents have the same prompt")
    places = _of_queries(specimen, again)
    if not len(places):
        return Finding(PASS, f"none of {len(again.rows):,} books was encoded as a query")
    details = [f"encoded with {spec.query_prompt!r} in place of {spec.document_prompt!r}"] * len(places)
    return _fail(
        specimen, again, places, f"{len(places):,} of {len(again.differing):,} vectors that differ are those of queries", details, {}
    )


def _cut(specimen: Specimen) -> Finding:
    again = specimen.reencoded
    if again is None or specimen.encoder is None:
        return Finding(NOT_APPLICABLE, "no vector to compare")
    places, words = of_heads(specimen.encoder, again, specimen.texts, specimen.unit)
    if len(places) < 2:
        return Finding(PASS, f"none of {len(again.rows):,} vectors was made of the beginning of a text")
    observed = f"at least {len(places):,} vectors are those of the first {words} words or so"
    details = [f"made of its first {words} words or so"] * len(places)
    return _fail(specimen, again, places, observed, details, {})


def _words(specimen: Specimen) -> Finding:
    followed = specimen.followed
    if followed is None:
        return Finding(NOT_APPLICABLE, "too few books, or too few words in them, to learn from")
    own, shuffled = followed.own[followed.usable], followed.shuffled[followed.usable]
    figures = _distributions(own, shuffled)
    # How much better a vector follows its own words than another's; for n books the mean is this sure.
    gain = float((own - shuffled).mean()) / (float((own - shuffled).std()) / np.sqrt(len(own)) + 1e-12)
    share = share_by_chance(followed)
    figures |= {"gain": gain, "share": share}
    if gain < _FOLLOWS:
        observed = f"vectors follow the words of their books no better than of others (mean {own.mean():.3f} against {shuffled.mean():.3f})"
        meaning = "Vectors have nothing to do with the texts beside them: they were shuffled, or made of other books."
        return _suspected(specimen, Finding(FAIL, observed, _ENCODE_ALL, meaning=meaning, figures=figures, repair="encode"))
    observed = f"about {_percent(share)} of {len(own):,} vectors follow the words of their books no better than of others"
    if share < max(_SUSPECT_SHARE, _LEAST_SUSPECTS / len(own)):
        return Finding(PASS, observed, figures=figures)
    rows = followed.least(round(share * len(own)))
    books = specimen.holdings.books
    shown = [example(books[row], f"agreement {followed.own[row]:.2f}") for row in rows[:EXAMPLES].tolist()]
    status = FAIL if share >= _SUSPECT_FAIL_SHARE else WARN
    # Which of many they are cannot be told apart: then all are encoded again.
    ids = [books[row].book_id for row in rows.tolist()] if share < _SUSPECT_FAIL_SHARE else []
    fix = _ENCODE if ids else _ENCODE_ALL
    return _suspected(specimen, Finding(status, observed, fix, examples=shown, figures=figures, repair="encode", book_ids=ids))


def _suspected(specimen: Specimen, finding: Finding) -> Finding:
    """Return the finding, unless the encoder itself gives the stored vectors of a sample: what is only suspected is refuted then."""
    again = specimen.reencoded
    if again is None or len(again.differing):
        return finding
    return Finding(PASS, f"{finding.observed}; but all of {len(again.rows):,} encoded again are as stored", figures=finding.figures)


def _spaces(specimen: Specimen) -> Finding:
    kinds = two_kinds(specimen.texts, specimen.unit, specimen.sound, specimen.seed)
    if kinds is None:
        if int(specimen.sound.sum()) < LEAST_BOOKS:
            return Finding(NOT_APPLICABLE, "too few books to learn from")
        return Finding(PASS, "the vectors cannot be sorted into two kinds")
    figures: dict[str, Figure] = {"share": kinds.share, "said": kinds.said}
    observed = (
        f"sorted into two kinds ({kinds.share:.0%} and {1 - kinds.share:.0%} of {len(kinds.rows):,} books looked at), each tells "
        f"{max(kinds.said, 0.0):.0%} as much about the other as about itself"
    )
    if not kinds.apart:
        return Finding(PASS, observed, figures=figures)
    rows = kinds.rows[kinds.second][:EXAMPLES].tolist()
    shown = [example(specimen.holdings.books[row], "of the smaller kind") for row in rows]
    return _suspected(specimen, Finding(FAIL, observed, _ENCODE_ALL, examples=shown, figures=figures, repair="encode"))


def _distributions(own: np.ndarray, shuffled: np.ndarray) -> dict[str, Figure]:
    edges = np.linspace(-1, 1, _BINS + 1)
    return {
        "agreement_from": tuple(edges[:-1].tolist()),
        "own": tuple(np.histogram(own, edges)[0].tolist()),
        "of_others": tuple(np.histogram(shuffled, edges)[0].tolist()),
    }


_OTHERS = "Some vectors were made by another model, in another way, or of another text: their books are found by chance."
PROBES = (
    Probe("vectors.foreign", "Foreign vectors", "the vectors that the encoder gives", _OTHERS, _foreign, needs=("encoder",)),
    Probe("vectors.words", "Words", "vectors that follow the words of their books", _OTHERS, _words),
    Probe(
        "vectors.spaces",
        "One space",
        f"kinds that tell {MOST_SAID:.0%} or more of each other",
        "The collection holds vectors of two models, and those of one are noise to the other: encode all of them again.",
        _spaces,
    ),
    Probe(
        "vectors.order",
        "Order",
        "every vector under its own book",
        "Vectors and books have got out of step: a search finds the neighbour of what it should.",
        _order,
        needs=("encoder",),
    ),
    Probe(
        "vectors.tower",
        "Document tower",
        "books encoded as documents",
        "Books were encoded as if they were queries, which this model tells apart: distances are not what it was trained for.",
        _prompted,
        needs=("encoder",),
    ),
    Probe(
        "vectors.cut",
        "Cut texts",
        "vectors of whole texts, up to the model's length",
        "Texts were cut before they were encoded: what comes later cannot be found, although the model could read it.",
        _cut,
        needs=("encoder",),
    ),
)
