"""Two rankings side by side, with a line from each book to itself; on a phone one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import streamlit as st

from vibeshelf.core.contests import Contender
from vibeshelf.core.records import SearchResult
from vibeshelf.services.comparing import Comparison, Moved, compare
from vibeshelf.ui import resources
from vibeshelf.ui.layout import alone, empty_state, style
from vibeshelf.ui.search.covers import cover_svg
from vibeshelf.ui.text import plain, year_text

SHOWN = 10
# How far down is looked for a book that is not among the first ten of the other.
DEPTH = 50


def side_by_side(query: str, contenders: tuple[Contender, Contender]) -> None:
    """Search with both and draw what they found."""
    results = [resources.shelf(each.collection).run(query, DEPTH, each.system) for each in contenders]
    for note in dict.fromkeys(note for result in results for note in result.notes):
        st.warning(plain(note))
    left, right = results
    found = compare(left.hits, right.hits, SHOWN)
    if not found.left and not found.right:
        empty_state("Neither of them found anything. Other words may find more.")
        return
    st.markdown(f"**{overlap(found, contenders)}**")
    data = {
        "sides": [
            {"name": each.name, "facts": facts(result), "rows": [row(moved, side) for moved in rows]}
            for side, (each, result, rows) in enumerate(zip(contenders, results, (found.left, found.right), strict=True))
        ],
        "links": links(found),
    }
    _lists()(key="lists", data=alone(data))
    st.caption(
        f"▲ and ▼: so many places higher or lower than on the left. New: not among the first {found.depth} there; gone: not among the "
        f"first {found.depth} on the right. Times are of this one search on this machine."
    )


def overlap(found: Comparison, contenders: Sequence[Contender]) -> str:
    """Return in a sentence how much the two have in common."""
    least = min(len(found.left), len(found.right))
    if not least:
        return f"{plain(contenders[0 if found.right else 1].name)} found nothing for these words."
    if found.shared == least and all(each.up == 0 for each in found.right):
        return f"The same {least} books in the same order."
    # Both rankings are there, so the right one has a first book.
    first = "the same book first" if found.right[0].other_rank == 1 else "another book first"
    return f"{found.shared} of {least} books in both, {first}."


def facts(result: SearchResult) -> str:
    """Return what the search took and ran on, and what it searched."""
    encode = "words alone, nothing encoded" if result.system == "lexical" else f"encode {result.encode_ms:.1f}"
    encode = "vector remembered" if result.remembered else encode
    return (
        f"{result.total_ms:.1f} ms ({encode}, search {result.search_ms:.1f}, fetch {result.hydrate_ms:.1f}) · "
        f"{result.model} on {result.backend}, {result.device} · {result.count:,} books"
    )


def row(moved: Moved, side: int) -> dict[str, Any]:
    """Return what the component draws of a book: text as it is, which the script sets as text and never as markup."""
    book = moved.hit.book
    sign, move, said = move_of(moved, side)
    return {
        "rank": moved.hit.rank, "title": book.title or "Untitled", "cover": cover_svg(book),
        "facts": " · ".join(fact for fact in (book.author, year_text(book.year)) if fact) or "author and year unknown",
        "sign": sign, "move": move, "said": said,
    }  # fmt: skip


def move_of(moved: Moved, side: int) -> tuple[str, str, str]:
    """Return what a book's move is, for its colour, as it is shown, and as it is read aloud; on the left (0) where it went."""
    if moved.other_rank is None:
        return ("gone", "gone", "not on the right") if side == 0 else ("new", "new", "not on the left")
    if side == 0:
        return ("gone", f"→ {moved.other_rank}", f"{moved.other_rank} on the right") if moved.other_rank > SHOWN else ("", "", "")
    up = moved.up or 0
    if up == 0:
        return "same", "=", "the same place on the left"
    places = f"{abs(up)} place{'s' if abs(up) > 1 else ''}"
    return ("up", f"▲ {up}", f"{places} higher than on the left") if up > 0 else ("down", f"▼ {-up}", f"{places} lower than on the left")


def links(found: Comparison) -> list[dict[str, Any]]:
    """Return from which row (0 is the first) on the left to which on the right a line goes, and what it means."""
    return [
        {"from": each.other_rank - 1, "to": each.hit.rank - 1, "sign": move_of(each, 1)[0]}
        for each in found.right
        if each.other_rank is not None and each.other_rank <= len(found.left)
    ]


@cache
def _lists() -> Any:
    return st.components.v2.component("vibeshelf_lists", css=style("compare/lists.css"), js=style("compare/lists.js"), isolate_styles=False)
