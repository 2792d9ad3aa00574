"""Index: whether what is asked of the collection comes back as an exact comparison would give it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vibeshelf.adapters.index import Index
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.probes.probe import EXAMPLES, Finding, Probe, example
from vibeshelf.services.probes.specimen import Specimen
from vibeshelf.services.statistics import mean_interval
from vibeshelf.services.systems import EXACT_BOOKS

K = 10
# Two cosines that are closer are a tie.
TIE = 1e-5
_ASKED = 200
_WARN_RECALL, _FAIL_RECALL = 0.99, 0.95
_LEAST_FOUND = 0.95
# A graph that was not written yet is made anew from the log at every opening, and misses other books than the one before.
_REOPENED, _ANOTHER_GRAPH = 20, 2
_TITLE_LOSS = 0.05
_REBUILD = "build the index again with the repair 'rebuild'"


def _parameters(specimen: Specimen) -> Finding:
    found = _index(specimen).hnsw()
    wrong = {key: (value, found.get(key)) for key, value in specimen.manifest.hnsw.items() if found.get(key) != value}
    if wrong:
        observed = "; ".join(f"{key} {now}, the manifest says {then}" for key, (then, now) in wrong.items())
        return Finding(WARN, observed, _REBUILD, repair="rebuild")
    shown = ", ".join(f"{key} {found[key]}" for key in ("max_neighbors", "ef_construction", "ef_search") if key in found)
    return Finding(PASS, shown or "as the manifest says")


def _index(specimen: Specimen) -> Index:
    assert specimen.index is not None
    return specimen.index


def _asked(specimen: Specimen) -> Vectors:
    """Return the unit vectors that are searched for, float32 (n, dimension): titles as queries, and stored vectors."""
    titles = specimen.titles
    rows = specimen.sample[:: max(1, len(specimen.sample) // _ASKED)][:_ASKED]
    stored = specimen.unit[rows]
    return np.concatenate([titles.vectors, stored])[:_ASKED] if titles is not None else stored


def _recall(specimen: Specimen) -> Finding:
    index, asked = _index(specimen), _asked(specimen)
    if not len(asked):
        return Finding(NOT_APPLICABLE, "no vector to ask with")
    scores = np.where(specimen.sound[:, None], specimen.unit @ asked.T, -np.inf)
    k = min(K, int(specimen.sound.sum()))
    least = np.partition(scores, len(scores) - k, axis=0)[len(scores) - k]
    recalls = [_share_found(index, vector, k, float(bar)) for vector, bar in zip(asked, least, strict=True)]
    mean, interval = float(np.mean(recalls)), mean_interval(recalls) or (0.0, 1.0)
    figures: dict[str, Figure] = {"recall": mean, "low": interval[0], "high": interval[1], "queries": len(recalls)}
    observed = f"{mean:.4f} over {len(recalls)} queries (95 % interval {interval[0]:.4f} to {interval[1]:.4f})"
    if interval[1] < _FAIL_RECALL:
        return Finding(FAIL, observed, _REBUILD, figures=figures, repair="rebuild")
    if specimen.mirror is not None and len(specimen.mirror) <= EXACT_BOOKS:
        return Finding(PASS, f"{observed}; searches of so few books do not ask the graph", figures=figures)
    if interval[1] < _WARN_RECALL:
        return Finding(WARN, observed, _REBUILD, figures=figures, repair="rebuild")
    return Finding(PASS, observed, figures=figures)


def _share_found(index: Index, vector: Vectors, k: int, least: float) -> float:
    return sum(cosine >= least - TIE for _, cosine in index.nearest(vector, k)) / k


def _own_text(specimen: Specimen) -> Finding:
    index, again = _index(specimen), specimen.reencoded
    if again is None:
        return Finding(NOT_APPLICABLE, "no book to ask for")
    places = np.flatnonzero(again.drawn)
    places = places[:: max(1, len(places) // _ASKED)][:_ASKED]
    lost = []
    for place in places.tolist():
        row, vector = int(again.rows[place]), again.vectors[place]
        found = index.nearest(vector, 1)
        book_id = specimen.holdings.books[row].book_id
        # Another edition with the same text may come first.
        if not found or (found[0][0] != book_id and found[0][1] > float(vector @ specimen.unit[row]) + TIE):
            lost.append(row)
    return _found(specimen, len(places), lost, "by their own text")


def _own_title(specimen: Specimen) -> Finding:
    titles, again = specimen.titles, specimen.reencoded
    if titles is None or again is None:
        return Finding(NOT_APPLICABLE, "no book with a title to ask for")
    scores = specimen.unit @ titles.vectors.T
    own = scores[titles.rows, np.arange(len(titles.rows))]
    ideal = (again.vectors[np.searchsorted(again.rows, titles.rows)] * titles.vectors).sum(axis=1)
    found = (scores > own + TIE).sum(axis=0) < K
    # With the vector that the encoder gives now; the other books' vectors stay.
    expected = ((scores > ideal + TIE).sum(axis=0) - (own > ideal + TIE)) < K
    share, ideal_share = float(found.mean()), float(expected.mean())
    figures: dict[str, Figure] = {"found": share, "expected": ideal_share, "titles": len(found)}
    observed = f"{share:.0%} of {len(found)} titles find their book among the first {K}; encoded again {ideal_share:.0%} would"
    lost = titles.rows[expected & ~found]
    shown = [example(specimen.holdings.books[row], "not found by its title") for row in lost[:EXAMPLES].tolist()]
    if ideal_share - share > _TITLE_LOSS:
        return Finding(FAIL, observed, "encode all again with the repair 'encode'", examples=shown, figures=figures, repair="encode")
    return Finding(PASS, observed, examples=shown, figures=figures)


def _found(specimen: Specimen, asked: int, lost: Sequence[int], how: str) -> Finding:
    share = 1 - len(lost) / asked
    observed = f"{share:.1%} of {asked} books are found {how}"
    shown = [example(specimen.holdings.books[row], f"not found {how}") for row in lost[:EXAMPLES]]
    figures: dict[str, Figure] = {"found": share, "asked": asked}
    if share < _LEAST_FOUND:
        fix = "see index.recall and vectors.foreign: they say whether graph or vectors are to blame"
        return Finding(FAIL, observed, fix, examples=shown, figures=figures)
    return Finding(PASS, observed, examples=shown, figures=figures)


def _reopened(specimen: Specimen) -> Finding:
    index, asked = _index(specimen), _asked(specimen)[:_REOPENED]
    if not len(asked):
        return Finding(NOT_APPLICABLE, "no vector to ask with")
    before = [index.nearest(vector, K) for vector in asked]
    with index.store.opened_anew() as store:
        again = store.open(index.name)
        counts, after = (index.count(), again.count()), [again.nearest(vector, K) for vector in asked]
    changed = sum(not _same(one, other) for one, other in zip(before, after, strict=True))
    if changed > _ANOTHER_GRAPH or counts[0] != counts[1]:
        observed = f"{changed} of {len(asked)} queries get other books; {counts[0]:,} books before, {counts[1]:,} after"
        return Finding(FAIL, observed, "restart the app, so that it sees what is stored; if this stays, " + _REBUILD)
    same = len(asked) - changed
    return Finding(PASS, f"{same} of {len(asked)} queries get the same books, {counts[1]:,} books before and after")


def _same(one: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]) -> bool:
    return len(one) == len(other) and all(abs(a[1] - b[1]) <= TIE for a, b in zip(one, other, strict=True))


def _mirrored(specimen: Specimen) -> Finding:
    if specimen.mirror is None:
        return Finding(NOT_APPLICABLE, "there is no mirror")
    held, mirror = specimen.holdings, specimen.mirror
    both = [(row, at) for row, book in enumerate(held.books) if (at := mirror.row_of.get(book.book_id)) is not None]
    if not both:
        return Finding(FAIL, "mirror and collection share no book", "build it again with the repair 'mirror'", repair="mirror")
    rows, places = np.array(both).T
    unlike = np.flatnonzero(~(held.vectors[rows] == mirror.vectors[places]).all(axis=1))
    if len(unlike) or len(both) != len(held) or len(both) != len(mirror):
        observed = f"{len(unlike):,} vectors differ; {len(held):,} books here, {len(mirror):,} in the mirror, {len(both):,} in both"
        shown = [example(held.books[row], "has another vector in the mirror") for row in rows[unlike][:EXAMPLES].tolist()]
        return Finding(FAIL, observed, "build it again with the repair 'mirror'", examples=shown, repair="mirror")
    return Finding(PASS, f"all {len(both):,} vectors are the same in both")


def _lexical(specimen: Specimen) -> Finding:
    if specimen.mirror is None:
        return Finding(NOT_APPLICABLE, "there is no mirror, and so no lexical index")
    fix = "build it again with the repair 'mirror'"
    lexical, books = specimen.mirror.lexical, specimen.holdings.books
    rows = [row for row in specimen.sample[:_ASKED].tolist() if len(books[row].title.split()) > 1]
    if lexical is None:
        return Finding(FAIL if rows else PASS, "no text has an indexed word", fix if rows else "", repair="mirror" if rows else "")
    if lexical.count != len(specimen.mirror):
        return Finding(FAIL, f"{lexical.count:,} texts are indexed for {len(specimen.mirror):,} books", fix, repair="mirror")
    lost, asked = [], 0
    for row in rows:
        scores = lexical.scores(books[row].title)
        at = specimen.mirror.row_of.get(books[row].book_id)
        if float(scores.max(initial=0.0)) > 0 and at is not None:
            asked += 1
            if float(scores[at]) <= 0:
                lost.append(row)
    if lost and len(lost) > (1 - _LEAST_FOUND) * asked:
        shown = [example(books[row], "not found by the words of its title") for row in lost[:EXAMPLES]]
        return Finding(FAIL, f"{len(lost)} of {asked} books are not found by their title's words", fix, examples=shown, repair="mirror")
    return Finding(PASS, f"{lexical.count:,} texts; {asked - len(lost)} of {asked} books are found by the words of their titles")


PROBES = (
    Probe(
        "index.parameters",
        "Graph parameters",
        "the parameters that the manifest names",
        "The graph was built otherwise than the manifest says: it may be slower, or find less.",
        _parameters,
        needs=("index",),
    ),
    Probe(
        "index.mirrored",
        "Mirrored vectors",
        "the same vectors in mirror and collection",
        "Some searches are answered from a copy that is not what is stored.",
        _mirrored,
        needs=("index",),
    ),
    Probe(
        "index.lexical",
        "Lexical index",
        "every book found by its words",
        "The lexical index knows other books than there are: searches by words miss them or name the wrong ones.",
        _lexical,
        needs=("index",),
    ),
    Probe(
        "index.recall",
        f"Recall@{K}",
        f"{_WARN_RECALL} or more of what an exact comparison finds",
        "The graph misses near books: results have holes that nobody sees.",
        _recall,
        needs=("index",),
    ),
    Probe(
        "index.own_text",
        "Found by own text",
        f"{_LEAST_FOUND:.0%} or more",
        "Books that are not found by their own text are found by nothing.",
        _own_text,
        needs=("index", "encoder"),
    ),
    Probe(
        "index.own_title",
        "Found by title",
        "as many as with vectors encoded again",
        "Books are no longer found by their titles as they would be, were they encoded again.",
        _own_title,
        needs=("encoder",),
    ),
    Probe(
        "index.reopened",
        "Reopening",
        "the same answers from a store that was opened anew",
        "This process answers from something else than what is stored.",
        _reopened,
        needs=("index",),
    ),
)
