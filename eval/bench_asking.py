"""What reading the words of a wish does to the ranking: `python -m eval.bench_asking [--tomt COLLECTION]`.

Named books and negations on the graded starter queries, negations on real requests where tomt-books is at hand, and wishes in
other languages. Every comparison is of the default system on the same queries, by the paired randomisation test. Writes
eval/results/asking.json and, for the page to say, src/vibeshelf/data/languages.json.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.corpora import ROOT, outside_data
from eval.measuring import RESULTS, environment, say
from vibeshelf.adapters.catalog.starter import STARTER, starter_qrels_path, starter_queries
from vibeshelf.adapters.mirror import Mirror
from vibeshelf.adapters.query_files import read_queries
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.records import Grades, Ranking
from vibeshelf.services.asking.understanding import Understood, understand
from vibeshelf.services.measures import parse_measures, query_values
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.statistics import paired_p_value

TRANSLATED = Path(__file__).parent / "translated.tsv"
LANGUAGES = ROOT / "src" / "vibeshelf" / "data" / "languages.json"
K, LONGEST_CHARS = 10, 80
# A theme is tried on a query that finds it at least so often among its first ten, and whose good books mostly do without it.
LEAST_SHOWN, MOST_RELEVANT_SHARE = 2, 0.6
_NDCG, _JUDGED = parse_measures("nDCG@10,Judged@10")
Rankings = dict[str, Ranking]


@dataclass(frozen=True, slots=True)
class Case:
    """A query with a genre that is not wanted: its good books of that genre count as bad."""

    query_id: str
    text: str
    genre: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tomt", metavar="COLLECTION", help="the collection that holds tomt-books")
    tomt = parser.parse_args().tomt
    shelf = open_shelf(STARTER)
    mirror, grades = _mirror(shelf), read_qrels(starter_qrels_path())
    found: dict[str, Any] = {"environment": environment(), "collection": STARTER, "model": shelf.manifest.encoder.model, "system": "hybrid"}
    found["every starter query"] = as_shown(shelf, mirror, starter_queries(), grades)
    found["named books"] = named_books(shelf, mirror, grades)
    found |= unwanted_genres(shelf, mirror, grades)
    if tomt and (data := outside_data()) is not None:
        found["tomt-books, short requests"] = requests(open_shelf(tomt), data / "tomt-books")
    found["languages"] = languages(shelf, grades)
    path = RESULTS / "asking.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"written: {path.name}, {LANGUAGES.name}")


def as_shown(shelf: Shelf, mirror: Mirror, queries: Mapping[str, str], grades: Grades) -> dict[str, Any]:
    """Return every graded query as typed against as the page reads it: what a visitor gets by default."""
    typed = {query_id: ranked(shelf, Understood(text)) for query_id, text in queries.items()}
    read = {query_id: ranked(shelf, understand(text, mirror)) for query_id, text in queries.items()}
    steered = [query_id for query_id, text in queries.items() if understand(text, mirror).steered]
    return compared("all queries, as the page reads them", typed, read, grades) | {"steered": steered}


def named_books(shelf: Shelf, mirror: Mirror, grades: Grades) -> dict[str, Any]:
    """Return 'like A but B' against the plain search, without the books named, which the page shows above its results."""
    wishes = {query_id: understand(_liked(text), mirror) for query_id, text in starter_queries().items()}
    named = {query_id: wish for query_id, wish in wishes.items() if wish.steering.like}
    typed = {query_id: ranked(shelf, Understood(wish.text), K + len(wish.steering.like)) for query_id, wish in named.items()}
    read = {query_id: ranked(shelf, wish) for query_id, wish in named.items()}
    left_out = {query_id: set(wish.steering.like) for query_id, wish in named.items()}
    without = {query_id: {book: grade for book, grade in grades[query_id].items() if book not in left_out[query_id]} for query_id in named}
    typed = {query_id: _without(ranking, left_out[query_id]) for query_id, ranking in typed.items()}
    return compared("named books", typed, read, without) | {"queries": {query_id: wish.text for query_id, wish in named.items()}}


def unwanted_genres(shelf: Shelf, mirror: Mirror, grades: Grades) -> dict[str, Any]:
    """Return what ', no GENRE' does behind a graded query: as it is typed, and as the page reads it."""
    of = {genre: {mirror.ids[row] for row in rows} for genre, rows in ((str(key), rows) for key, rows in mirror.labels("genre").items())}
    cases = {case.query_id: case for case in _cases(shelf, of, grades)}
    wanted = {
        case.query_id: {book: 0 if book in of[case.genre] else grade for book, grade in grades[case.query_id].items()}
        for case in cases.values()
    }
    texts = {case.query_id: f"{case.text}, no {case.genre}" for case in cases.values()}
    typed = {query_id: ranked(shelf, Understood(text)) for query_id, text in texts.items()}
    positive = {query_id: ranked(shelf, Understood(case.text)) for query_id, case in cases.items()}
    read = {query_id: ranked(shelf, understand(text, mirror)) for query_id, text in texts.items()}
    # The same without the genre's labels: by the vector and the words alone, as for a theme that is no genre.
    loose = {query_id: ranked(shelf, _loosely(understand(text, mirror))) for query_id, text in texts.items()}

    def shown(rankings: Rankings) -> dict[str, float]:
        return {query_id: sum(book in of[cases[query_id].genre] for book in each.book_ids) / K for query_id, each in rankings.items()}

    def against(name: str, system: Rankings) -> dict[str, Any]:
        before, after = shown(typed), shown(system)
        differences = [after[query_id] - before[query_id] for query_id in cases]
        rarer = {"share_before": _mean(before.values()), "share_after": _mean(after.values()), "share_p": paired_p_value(differences)}
        say(f"  share of the genre in the first ten: {rarer['share_before']:.3f} -> {rarer['share_after']:.3f}, p {rarer['share_p']:.4f}")
        return compared(name, typed, system, wanted) | rarer

    return {
        "no GENRE, as the page reads it": against("no GENRE, as the page reads it", read),
        "no GENRE, by vector and words alone": against("no GENRE, by vector and words alone", loose),
        "no GENRE, those words only left out": against("no GENRE, those words only left out", positive),
        "genres": dict(Counter(case.genre for case in cases.values()).most_common()),
    }


def requests(shelf: Shelf, folder: Path) -> dict[str, Any]:
    """Return the real requests in which something is read, as typed against as read; how many there are of how many."""
    mirror, texts = _mirror(shelf), read_queries(folder / "queries_short.jsonl.gz")
    grades: dict[str, Mapping[str, int]] = {}
    for split in ("train", "validation"):
        grades |= read_qrels(folder / "qrels" / f"{split}.tsv")
    wishes = {query_id: understand(texts[query_id], mirror) for query_id in grades if texts.get(query_id)}
    steered = {query_id: wish for query_id, wish in wishes.items() if wish.steered}
    typed = {query_id: ranked(shelf, Understood(texts[query_id])) for query_id in steered}
    read = {query_id: ranked(shelf, wish) for query_id, wish in steered.items()}
    judged = {query_id: grades[query_id] for query_id in steered}
    return compared("tomt-books, requests that are read", typed, read, judged) | {"of": len(wishes)}


def languages(shelf: Shelf, grades: Grades) -> dict[str, Any]:
    """Return how well translated wishes do beside their originals, and write what the page says of them."""
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for line in TRANSLATED.read_text(encoding="utf-8").splitlines():
        query_id, language, text = line.split("\t")
        texts[language][query_id] = text
    english, found = starter_queries(), {}
    for language, of in texts.items():
        originals = {query_id: ranked(shelf, Understood(english[query_id])) for query_id in of}
        translated = {query_id: ranked(shelf, Understood(text)) for query_id, text in of.items()}
        found[language] = compared(language, originals, translated, {query_id: grades[query_id] for query_id in of})
    said = {
        "model": shelf.manifest.encoder.model, "collection": STARTER, "system": "hybrid", "measure": "nDCG@10",
        "device": shelf.encoder.device, "date": environment()["date"],
        "languages": {name: {"n": each["n"], "english": each["before"], "here": each["after"]} for name, each in found.items()},
    }  # fmt: skip
    LANGUAGES.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return found


def ranked(shelf: Shelf, wish: Understood, k: int = K) -> Ranking:
    hits = shelf.run(wish.text, k, steering=wish.steering).hits
    return Ranking(tuple(hit.book_id for hit in hits), tuple(hit.score for hit in hits))


def compared(name: str, before: Rankings, after: Rankings, grades: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Return nDCG@10 of both, the difference with its p, and how much of what each shows was judged."""
    judged = {query_id: grades[query_id] for query_id in before if query_id in grades}
    one, other = (query_values((_NDCG, _JUDGED), judged, rankings) for rankings in (before, after))
    pairs = [(one[_NDCG.name][query_id] or 0.0, other[_NDCG.name][query_id] or 0.0) for query_id in judged]
    result = {
        "n": len(pairs), "before": _mean(a for a, _ in pairs), "after": _mean(b for _, b in pairs),
        "difference": _mean(b - a for a, b in pairs), "p": paired_p_value([b - a for a, b in pairs]),
        "judged_before": _mean(value or 0.0 for value in one[_JUDGED.name].values()),
        "judged_after": _mean(value or 0.0 for value in other[_JUDGED.name].values()),
        "better": sum(b > a for a, b in pairs), "worse": sum(b < a for a, b in pairs),
    }  # fmt: skip
    say(f"{name}: nDCG@10 {result['before']:.3f} -> {result['after']:.3f}, p {result['p']:.4f}, n {len(pairs)}, "
        f"judged {result['judged_before']:.2f} -> {result['judged_after']:.2f}")  # fmt: skip
    return result


def _cases(shelf: Shelf, of: Mapping[str, set[str]], grades: Grades) -> list[Case]:
    cases = []
    for query_id, text in starter_queries().items():
        relevant = [book for book, grade in grades[query_id].items() if grade >= 1]
        if len(text) > LONGEST_CHARS or not relevant or understand(text, _mirror(shelf)).steered:
            continue
        shown = ranked(shelf, Understood(text)).book_ids
        counts = {genre: sum(book in books for book in shown) for genre, books in of.items()}
        fit = [
            genre
            for genre, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            if count >= LEAST_SHOWN and sum(book in of[genre] for book in relevant) <= MOST_RELEVANT_SHARE * len(relevant)
        ]
        cases += [Case(query_id, text, genre) for genre in fit[:1]]
    return cases


def _loosely(wish: Understood) -> Understood:
    return replace(wish, steering=replace(wish.steering, left_out=()))


def _liked(text: str) -> str:
    """Return the query; the starter's titles are in English, and one of them is asked for by its number."""
    return text.replace("1984 but", "Nineteen Eighty-Four but")


def _without(ranking: Ranking, left_out: set[str]) -> Ranking:
    kept = [pair for pair in zip(ranking.book_ids, ranking.scores, strict=True) if pair[0] not in left_out][:K]
    return Ranking(tuple(book for book, _ in kept), tuple(score for _, score in kept))


def _mirror(shelf: Shelf) -> Mirror:
    mirror = shelf.mirror()
    if mirror is None:
        raise SystemExit(f"collection '{shelf.name}' has no mirror")
    return mirror


def _mean(values: Any) -> float:
    listed: Sequence[float] = list(values)
    return round(sum(listed) / len(listed), 4) if listed else float("nan")


if __name__ == "__main__":
    main()
