"""What a million queries, or a million books, cost on a machine whose price an hour is known."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from vibeshelf.core.latency import BOOK, ENCODE, SHORT, TOTAL, Engine, LatencySamples
from vibeshelf.services.latency import Measured, cost_per_million
from vibeshelf.ui.latency.words import NOT_MEASURED, engine_text, facts_of
from vibeshelf.ui.text import plain


def cost(measured: Measured) -> None:
    """Ask for the price of the machine, and draw what its engines make of it, the cheapest first."""
    price = st.number_input("Price of this machine an hour", min_value=0.0, value=None, step=0.01, format="%.4f", key="price", width=260)
    if not price:
        st.caption("Give the price, in any currency, and the cost of a million queries stands here.")
        return
    rows = sorted((_costs(measured, engine, price) for engine in measured.result.engines), key=lambda row: (row[1] is None, row[1]))
    table = [
        {"engine": plain(engine_text(engine, measured.result)), "a million queries": _money(queries), "a million books": _money(books)}
        for engine, queries, books in rows
    ]
    st.table(pd.DataFrame(table).set_index("engine"), border="horizontal", alt="Cost of a million queries and books by engine")
    st.caption(
        "At one search after the other and the machine doing nothing else; searches side by side cost less. "
        f"Queries: short ones, whole searches. Books: the best size of batch. {plain(facts_of(measured))}"
    )


def _costs(measured: Measured, engine: Engine, price: float) -> tuple[Engine, float | None, float | None]:
    of = [each for each in measured.result.samples if each.engine == engine]
    searches = _quickest(of, TOTAL, SHORT) or _quickest(of, ENCODE, SHORT)
    books = _quickest(of, ENCODE, BOOK)
    return engine, _cost(searches, price), _cost(books, price)


def _cost(samples: LatencySamples | None, price: float) -> float | None:
    return None if samples is None else cost_per_million(samples, price)


def _quickest(samples: Sequence[LatencySamples], stage: str, text: str) -> LatencySamples | None:
    fit = [each for each in samples if (each.stage, each.text) == (stage, text)]
    return max(fit, key=lambda each: each.per_second, default=None)


def _money(amount: float | None) -> str:
    return NOT_MEASURED if amount is None else f"{amount:,.2f}"
