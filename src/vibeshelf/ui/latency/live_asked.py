"""What people asked most, and which books they were shown most."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.live import Counted, most_returned, most_searched
from vibeshelf.ui import resources
from vibeshelf.ui.chart_files import show_chart
from vibeshelf.ui.latency.live_charts import counted_chart
from vibeshelf.ui.latency.live_now import Shown
from vibeshelf.ui.text import shortened

_NAME_CHARS = 70


def asked_view(shown: Shown) -> None:
    """Draw both charts; each says why it is empty."""
    searched, returned = most_searched(shown.rows), most_returned(shown.rows)
    again = sum(row.repeat for row in shown.rows)
    note = f"A page that is drawn again searches again, which is not counted here ({again:,}). " if again else ""
    if searched:
        _counted(searched, "searches", "Most searched", "live-searched", f"{note}{shown.facts}")
    else:
        st.caption("Most searched: no texts are kept in this period.")
    if returned:
        titles = _titles(shown.collection, [each.name for each in returned])
        named = [Counted(titles.get(each.name, each.name), each.count) for each in returned]
        _counted(named, "searches that showed it", "Most returned books", "live-returned", f"{note}{shown.facts}")


def _counted(found: Sequence[Counted], what: str, title: str, key: str, facts: str) -> None:
    table = pd.DataFrame([
        {"place": place, "name": each.name, "count": each.count, "label": f"{each.count:,} · {shortened(each.name, _NAME_CHARS)}"}
        for place, each in enumerate(found, 1)
    ])  # fmt: skip
    st.markdown(f"**{title}**")
    show_chart(
        counted_chart(table, what), key=key, title=title, alt=f"{title}: {len(found)} bars, the longest first", facts=facts,
        table=table.drop(columns="label"),
    )  # fmt: skip


def _titles(collection: str, book_ids: Sequence[str]) -> dict[str, str]:
    """Return the titles of books that are still there; ids stand for those that are not, and where nothing can be opened."""
    try:
        opened = resources.shelf(collection)
        mirror = opened.mirror()
        books = mirror.books(book_ids) if mirror is not None else opened.index().books(book_ids)
    except VibeshelfError:
        return {}
    return {book_id: f"{book.title or book_id}{f', {book.author}' if book.author else ''}" for book_id, book in books.items()}
