"""Judgments as CSV with all that is known of them. Lines are read as they come; a bad one is named by its number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vibeshelf.adapters.rows import open_source_file
from vibeshelf.core.errors import SourceError
from vibeshelf.core.judging import Judgment, Made
from vibeshelf.core.records import GRADES

COLUMNS = ("query_id", "book_id", "grade", "rater", "judged_at", "note", "kind", "collection", "fingerprint", "guideline")
_NEEDED = ("query_id", "book_id", "grade")
_EXPECTED = f"judgments as CSV with columns {', '.join(_NEEDED)}"
_KINDS = ("grade", "skip", "settle")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds: what raters gave (skips among it) and what was settled, each with its line."""

    judgments: list[tuple[int, Judgment]]
    settlements: list[tuple[int, Judgment]]


def csv_lines(judgments: Iterable[Judgment], settlements: Iterable[Judgment]) -> Iterator[str]:
    """Yield the header and a row for each judgment and settlement, without line ends."""
    yield _csv_row(COLUMNS)
    for kind, rows in (("", judgments), ("settle", settlements)):
        for each in rows:
            grade = "" if each.grade is None else each.grade
            own = kind or ("skip" if each.grade is None else "grade")
            made = (each.made.collection, each.made.fingerprint, each.made.guideline)
            yield _csv_row((each.query_id, each.book_id, grade, each.rater, each.judged_at, each.note, own, *made))


def read_csv(path: Path, rater: str, origin: str) -> Sheet:
    """Return what a file holds; `rater` is who graded where the file does not say. Raises SourceError with file and line."""
    sheet = Sheet([], [])
    seen: dict[tuple[str, str, str, bool], int] = {}
    for line, row in _rows(path):
        try:
            judgment = _judgment(row, rater, origin)
            settles = _kind(row) == "settle"
        except ValueError as error:
            raise SourceError(f"{path}, line {line}: {error}") from None
        # Of settlements there is one a pair, whoever made it.
        key = (judgment.query_id, judgment.book_id, "" if settles else judgment.rater, settles)
        if key in seen:
            raise SourceError(
                f"{path}, line {line}: {judgment.query_id} {judgment.book_id} by {judgment.rater} is on line {seen[key]} already; keep one"
            )
        seen[key] = line
        (sheet.settlements if settles else sheet.judgments).append((line, judgment))
    return sheet


def _csv_row(values: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with open_source_file(path, _EXPECTED).unpacked() as data:
        reader = csv.DictReader(io.TextIOWrapper(data, encoding="utf-8-sig", newline=""), strict=True)
        try:
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                saw = ", ".join(reader.fieldnames or ()) or "nothing"
                raise SourceError(f"{path}, line 1: expected columns {', '.join(_NEEDED)} (and {', '.join(COLUMNS[3:])}), saw: {saw[:200]}")
            for row in reader:
                if None in row or None in row.values():
                    raise SourceError(
                        f"{path}, line {reader.line_num}: expected {len(reader.fieldnames or ())} columns, saw another number"
                    )
                yield reader.line_num, row
        except UnicodeDecodeError:
            raise SourceError(f"{path} is not UTF-8 after line {reader.line_num}; convert it: iconv -t UTF-8 {path.name}") from None
        except csv.Error as error:
            raise SourceError(
                f"{path}, line {reader.line_num + 1}: {error}; expected comma-separated values, as vibeshelf exports"
            ) from None


def _judgment(row: Mapping[str, str], rater: str, origin: str) -> Judgment:
    """Return the judgment of a row. Raises ValueError, saying what is wrong with it."""
    query_id, book_id = row["query_id"].strip(), row["book_id"].strip()
    if not query_id or not book_id:
        raise ValueError("expected a query_id and a book_id, one is empty")
    guideline = row.get("guideline") or ""
    if guideline and not guideline.isdecimal():
        raise ValueError(f"guideline is {guideline[:20]!r}; expected its number")
    made = Made(row.get("collection") or None, row.get("fingerprint") or None, int(guideline) if guideline else None, origin)
    who = " ".join((row.get("rater") or "").split()) or rater
    return Judgment(query_id, book_id, _grade(row), who, _time(row.get("judged_at") or ""), row.get("note") or "", made)


def _kind(row: Mapping[str, str]) -> str:
    kind = row.get("kind") or ("grade" if row["grade"].strip() else "skip")
    if kind not in _KINDS:
        raise ValueError(f"kind is {kind[:20]!r}; expected one of {', '.join(_KINDS)}")
    return kind


def _grade(row: Mapping[str, str]) -> int | None:
    text = row["grade"].strip()
    if _kind(row) == "skip":
        if text:
            raise ValueError(f"a skipped pair with grade {text[:20]!r}; expected none")
        return None
    if text not in map(str, GRADES):
        raise ValueError(f"grade is {text[:20]!r}; expected one of {', '.join(map(str, GRADES))}")
    return int(text)


def _time(text: str) -> str:
    if not text:
        return datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"judged_at is {text[:40]!r}; expected a date such as 2026-11-24 or 2026-11-24T10:30:00+00:00") from None
    return text
