"""Judgments and rankings as other tools write them: TREC qrels, BEIR qrels, TREC run files.

TREC files separate columns by white space and know no quotes, so an id with white space in it cannot be written to them and is
refused; BEIR's qrels separate by tabs and can hold it. A run is ranked as trec_eval ranks it: by score as a single-precision
number, ties by id from the last to the first; the rank column is not read. Runs are written so that this gives back our order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

import numpy as np

from vibeshelf.adapters.rows import bad_line, lines_of, quoted, text_of, write_lines
from vibeshelf.core.errors import InputError, SourceError
from vibeshelf.core.records import Grades, Ranking, Run

MAX_GRADE = 1000
_QRELS = "judgments: 4 columns (query 0 book grade), or BEIR's header query-id, corpus-id, score"
_RUN = "a TREC run: 6 columns (query Q0 book rank score name)"
_BEIR_HEADER = re.compile(rb"query[-_ ]?id\tcorpus[-_ ]?id\tscore", re.IGNORECASE)
# A judged pair with its line: number, query id, book id, grade; all but the number as the file has them.
_Pair = tuple[int, bytes, bytes, bytes]


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return query id -> book id -> grade, in the file's order.

    Raises SourceError with the line for wrong columns, a grade that is no whole number from 0 up, a pair that is there twice.
    """
    grades: dict[str, dict[str, int]] = {}
    ids: dict[bytes, str] = {}
    for number, query, book, grade in _pairs(path):
        query_id, book_id = _known(path, number, query, ids), _known(path, number, book, ids)
        of = grades.setdefault(query_id, {})
        if book_id in of:
            first = line_of_pair(path, query_id, book_id)
            raise bad_line(path, number, f"query '{query_id}' and book '{book_id}' were judged in line {first} already; keep one of them")
        of[book_id] = _grade(path, number, grade)
    if not grades:
        raise SourceError(f"{path} holds a header and no judgment; expected {_QRELS}")
    return grades


def united(qrels: Mapping[Path, Grades]) -> dict[str, dict[str, int]]:
    """Return the judgments of several files together. Raises SourceError for a pair that two of them judge."""
    found: dict[str, dict[str, int]] = {}
    for path, grades in qrels.items():
        for query_id, of in grades.items():
            known = found.setdefault(query_id, {})
            if twice := known.keys() & of.keys():
                book_id = min(twice)
                line = line_of_pair(path, query_id, book_id) or 0
                raise bad_line(path, line, f"query '{query_id}' and book '{book_id}' were judged in another file already")
            known |= of
    return found


def read_run(path: Path, name: str | None = None) -> Run:
    """Return a TREC run, called `name` or what its last column says.

    Raises SourceError with the line for wrong columns, a score that is no finite number, a book that a query has twice.
    """
    scores: dict[str, dict[str, float]] = {}
    ids: dict[bytes, str] = {}
    for number, data in lines_of(path, _RUN):
        columns = data.split()
        if len(columns) != 6:
            raise bad_line(path, number, f"{_columns(len(columns))}; expected {_RUN}")
        query_id, book_id = _known(path, number, columns[0], ids), _known(path, number, columns[2], ids)
        of = scores.setdefault(query_id, {})
        if book_id in of:
            first = line_of_hit(path, query_id, book_id)
            raise bad_line(path, number, f"query '{query_id}' has book '{book_id}' in line {first} already; expected every book once")
        of[book_id] = _score(path, number, columns[4])
        name = name or text_of(path, number, columns[5])
    return Run(name or path.stem, {query_id: _ranked(scores.pop(query_id)) for query_id in list(scores)})


def write_qrels(path: Path, grades: Grades, form: str = "trec") -> None:
    """Write judgments as TREC or BEIR qrels. Raises InputError for an id that the format cannot hold."""
    write_lines(path, _qrels_lines(grades, form))


def write_run(path: Path, run: Run) -> None:
    """Write a TREC run file. Raises InputError for an id or a name with white space."""
    write_lines(path, _run_lines(run))


def line_of_query(path: Path, query_id: str) -> int | None:
    """Return the first line of a qrels file that names the query."""
    return next((number for number, query, _, _ in _pairs(path) if query == query_id.encode()), None)


def line_of_book(path: Path, book_id: str) -> int | None:
    """Return the first line of a qrels file that names the book."""
    return next((number for number, _, book, _ in _pairs(path) if book == book_id.encode()), None)


def line_of_pair(path: Path, query_id: str, book_id: str) -> int | None:
    """Return the first line of a qrels file that judges the pair."""
    wanted = (query_id.encode(), book_id.encode())
    return next((number for number, query, book, _ in _pairs(path) if (query, book) == wanted), None)


def line_of_hit(path: Path, query_id: str | None = None, book_id: str | None = None) -> int | None:
    """Return the first line of a run file with this query, this book or both."""
    for number, data in lines_of(path, _RUN):
        columns = data.split()
        if query_id in (None, columns[0].decode()) and book_id in (None, columns[2].decode()):
            return number
    return None


def separated(scores: tuple[float, ...]) -> list[float]:
    """Return scores, best first, as single-precision numbers of which each is lower than the one before.

    Tools that keep scores in single precision would otherwise see ties and break them their own way.
    """
    found: list[float] = []
    with np.errstate(over="ignore"):
        for score in np.clip(np.asarray(scores, dtype=np.float64), -3e38, 3e38).astype(np.float32):
            lower = np.nextafter(np.float32(found[-1]), np.float32(-np.inf)) if found else score
            found.append(float(min(score, lower)))
    return found


def _pairs(path: Path) -> Iterator[_Pair]:
    is_beir = False
    for at, (number, data) in enumerate(lines_of(path, _QRELS)):
        if at == 0 and _BEIR_HEADER.fullmatch(data.strip()):
            is_beir = True
            continue
        columns = [column.strip() for column in data.split(b"\t")] if is_beir else data.split()
        if is_beir and len(columns) == 3 and all(columns):
            yield number, columns[0], columns[1], columns[2]
        elif not is_beir and len(columns) == 4:
            yield number, columns[0], columns[2], columns[3]
        else:
            wanted = "3 columns separated by tabs (query-id, corpus-id, score)" if is_beir else _QRELS
            raise bad_line(path, number, f"{_columns(sum(map(bool, columns)))}; expected {wanted}")


def _known(path: Path, number: int, data: bytes, ids: dict[bytes, str]) -> str:
    """Return an id as text, the same object each time: a million lines have few ids."""
    if (known := ids.get(data)) is None:
        known = ids[data] = text_of(path, number, data)
    return known


def _grade(path: Path, number: int, data: bytes) -> int:
    if data.isdigit() and len(data) < 10 and int(data) <= MAX_GRADE:
        return int(data)
    raise bad_line(path, number, f"grade {quoted(data)}; expected a whole number from 0 to {MAX_GRADE:,}, such as 0, 1, 2 or 3")


def _score(path: Path, number: int, data: bytes) -> float:
    try:
        score = float(data)
    except ValueError:
        score = float("nan")
    if not isfinite(score):
        raise bad_line(path, number, f"score {quoted(data)}; expected a finite number")
    return score


def _ranked(scores: Mapping[str, float]) -> Ranking:
    with np.errstate(over="ignore"):
        single = np.fromiter(scores.values(), dtype=np.float32, count=len(scores)).tolist()
    pairs = sorted(zip(single, scores, strict=True), reverse=True)
    return Ranking(tuple(book_id for _, book_id in pairs), tuple(score for score, _ in pairs))


def _qrels_lines(grades: Grades, form: str) -> Iterator[str]:
    if form == "beir":
        yield "query-id\tcorpus-id\tscore"
    for query_id, of in grades.items():
        for book_id, grade in of.items():
            if form == "beir":
                yield f"{_fit(query_id, form)}\t{_fit(book_id, form)}\t{grade}"
            else:
                yield f"{_fit(query_id, form)} 0 {_fit(book_id, form)} {grade}"


def _run_lines(run: Run) -> Iterator[str]:
    name = _fit(run.name, "trec")
    for query_id, ranking in run.rankings.items():
        query = _fit(query_id, "trec")
        for rank, (book_id, score) in enumerate(zip(ranking.book_ids, separated(ranking.scores), strict=True), 1):
            yield f"{query} Q0 {_fit(book_id, 'trec')} {rank} {np.float32(score)} {name}"


def _fit(name: str, form: str) -> str:
    """Return the id. Raises InputError when it is empty or holds what separates columns or lines in this format."""
    bad = any(letter in "\t\r\n\x0b\x0c" for letter in name) or name != name.strip() if form == "beir" else name.split() != [name]
    if bad or not name:
        mark, hint = ("tabs or line ends", "") if form == "beir" else ("white space", "; BEIR qrels can hold it")
        raise InputError(f"the id {name!r} cannot be written to a {form.upper()} file, whose ids are without {mark}{hint}")
    return name


def _columns(count: int) -> str:
    return f"{count} column{'' if count == 1 else 's'}"
