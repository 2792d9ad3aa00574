"""The charts of the Health page: what a probe measured, so that its verdict can be seen and not only believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from vibeshelf.core.probes import Figure, ProbeResult
from vibeshelf.ui.charts import BETTER, WORSE, Chart
from vibeshelf.ui.text import shortened

_HEIGHT, _TALL = 250, 330
_LONGEST_TITLE = 34
_BARS = 32


@dataclass(frozen=True, slots=True)
class Explained:
    """A chart with what it shows (`title`), how to read it, what is in it for those who cannot see it, and the figures that it draws."""

    title: str
    chart: Chart
    reading: str
    alt: str
    table: pd.DataFrame


def chart_of(result: ProbeResult) -> Explained | None:
    """Return the chart of a probe's figures, or None when it has none that a chart would explain."""
    make = _CHARTS.get(result.id)
    if make is None:
        return None
    needed, draw = make
    return draw(result.figures) if all(_is_there(result.figures.get(name)) for name in needed) else None


def _is_there(figure: Figure | None) -> bool:
    return figure is not None and figure != ()


def _spectrum(figures: Mapping[str, Figure]) -> Explained:
    variance = np.array(_numbers(figures, "variance"))
    variance = np.sort(variance)[::-1]
    share = variance / (variance.sum() or 1.0)
    rank = _number(figures, "effective_rank")
    table = pd.DataFrame({"direction": np.arange(1, len(share) + 1), "share": share})
    line = alt.Chart(table).mark_area(line={"color": BETTER}, color=BETTER, opacity=0.25).encode(
        x=alt.X("direction:Q", title="direction, the strongest first", scale=alt.Scale(domain=[1, len(share)], nice=False)),
        y=alt.Y("share:Q", title="variance", axis=alt.Axis(format="%")),
        tooltip=["direction:Q", alt.Tooltip("share:Q", format=".2%")],
    )  # fmt: skip
    reading = (
        f"How much each direction of the space carries. Effective rank {rank:.0f} of {len(share)}: as much variety as {rank:.0f} equal "
        "directions. A cliff means that few directions carry everything, a long flat floor of nothing that dimensions are dead."
    )
    said = _said("variance by direction", share.tolist())
    return Explained("Variance spectrum", _layers(line, _mark(rank, "effective rank")), reading, said, table)


def _norms(figures: Mapping[str, Figure]) -> Explained:
    low, high, books = (_numbers(figures, name) for name in ("norm_from", "norm_to", "books"))
    table = pd.DataFrame({"low": low, "high": high, "books": books})
    bars = alt.Chart(table).mark_bar(color=BETTER).encode(
        x=alt.X("low:Q", title="length of the vector", scale=alt.Scale(zero=False), axis=alt.Axis(format=".4f", tickCount=5)),
        x2="high:Q", y=alt.Y("books:Q", title="books"), y2=alt.datum(0),
        tooltip=[alt.Tooltip("low:Q", title="from", format=".5f"), alt.Tooltip("high:Q", title="to", format=".5f"), "books:Q"],
    )  # fmt: skip
    reading = "Every vector should have length 1; a second heap is a set of vectors that something else wrote."
    said = _said("books by length of their vector", books)
    return Explained("Lengths of the vectors", _layers(bars, _mark(1.0, "1")), reading, said, table)


def _hubs(figures: Mapping[str, Figure]) -> Explained:
    hubs, shares = _words(figures, "hub"), _numbers(figures, "hub_share")
    table = pd.DataFrame({"place": range(len(hubs)), "book": [shortened(title, _LONGEST_TITLE) for title in hubs], "share": shares})
    bars = alt.Chart(table).mark_bar(color=BETTER).encode(
        y=alt.Y("book:N", title=None, sort=alt.EncodingSortField("place"), axis=alt.Axis(labelLimit=220)),
        x=alt.X("share:Q", title="among the ten nearest of so many books", axis=alt.Axis(format="%")),
        tooltip=["book:N", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    reading = (
        "The books that are near to the most others. Some hubs are natural in a space of many dimensions; one that is near to a large "
        f"share of all comes up whatever is asked. Skewness of the counts: {_number(figures, 'skewness'):.1f}."
    )
    listed = "; ".join(f"{title} {share:.1%}" for title, share in zip(hubs[:5], shares, strict=False))
    return Explained("Hubs", _layers(bars).properties(height=_TALL), reading, f"Books near to the most others: {listed}", table)


def _pairs(figures: Mapping[str, Figure]) -> Explained:
    return _two_heaps(
        figures, "cosine_from", {"random pairs": "random_share", "books of one author": "related_share"}, "cosine similarity",
        ("Related and random pairs", "Related pairs should lie to the right of random ones. Heaps that coincide mean that the vectors tell "
         "nothing apart; random pairs near 1 mean that all lie in one narrow cone."),
    )  # fmt: skip


def _own_words(figures: Mapping[str, Figure]) -> Explained:
    return _two_heaps(
        figures, "agreement_from", {"the book's own words": "own", "another book's words": "of_others"}, "agreement of vector and words",
        ("Vectors and their own words", "A vector should follow the words of its own book better than those of another. Where the heaps "
         "coincide, vectors and texts have come apart; a second, lower heap is of foreign vectors."),
    )  # fmt: skip


def _two_heaps(figures: Mapping[str, Figure], edges: str, columns: Mapping[str, str], axis: str, said: tuple[str, str]) -> Explained:
    low = _numbers(figures, edges)
    width = low[1] - low[0] if len(low) > 1 else 1.0
    rows = []
    for name, column in columns.items():
        heights = _numbers(figures, column)
        rows += [
            {"from": edge, "to": edge + width, "share": height / (sum(heights) or 1.0), "heap": name}
            for edge, height in zip(low, heights, strict=False)
        ]
    table = pd.DataFrame(rows)
    filled = table[table["share"] > 0]
    domain = [float(filled["from"].min()), float(filled["to"].max())] if len(filled) else [-1, 1]
    present = [name for name, column in columns.items() if _numbers(figures, column)]
    bars = alt.Chart(table).mark_area(interpolate="step-after", opacity=0.35, line=True).encode(
        x=alt.X("from:Q", title=axis, scale=alt.Scale(domain=domain, clamp=True)),
        y=alt.Y("share:Q", title="share", stack=None, axis=alt.Axis(format="%")),
        color=alt.Color("heap:N", title=None, scale=alt.Scale(domain=present, range=[WORSE, BETTER]), legend=alt.Legend(orient="top")),
        strokeDash=alt.StrokeDash("heap:N", legend=None),
        tooltip=["heap:N", alt.Tooltip("from:Q", format=".2f"), alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    means = "; ".join(f"{name} mostly near {_peak(low, _numbers(figures, columns[name])):.2f}" for name in present)
    return Explained(said[0], _layers(bars), said[1], f"{said[0]}: {means}", table)


def _lengths(figures: Mapping[str, Figure]) -> Explained:
    tokens, limit = _numbers(figures, "tokens"), _number(figures, "limit")
    counts, edges = np.histogram(tokens, bins=_BARS, range=(0, max([*tokens, limit]) + 1))
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "books": counts})
    bars = alt.Chart(table).mark_bar(color=BETTER).encode(
        x=alt.X("low:Q", title="tokens of the text that is encoded"), x2="high:Q", y=alt.Y("books:Q", title="books"), y2=alt.datum(0),
        tooltip=[alt.Tooltip("low:Q", title="from", format=".0f"), alt.Tooltip("high:Q", title="to", format=".0f"), "books:Q"],
    )  # fmt: skip
    reading = (
        f"The model reads {limit:.0f} tokens and no more: of a text at the line the rest was never seen. {len(tokens):,} books looked at."
    )
    alt_text = f"{len(tokens):,} texts by length, median {np.median(tokens):.0f} tokens, the model reads {limit:.0f}"
    return Explained("Length against the maximum", _layers(bars, _mark(limit, "maximum")), reading, alt_text, table)


def _encoded_again(figures: Mapping[str, Figure]) -> Explained:
    cosines, bound = np.array(_numbers(figures, "cosine")), _number(figures, "bound")
    ordered = np.sort(cosines)
    table = pd.DataFrame({"place": np.arange(1, len(ordered) + 1), "cosine": ordered})
    low = min(float(ordered[0]), bound)
    dots = alt.Chart(table).mark_circle(color=BETTER, size=18, opacity=0.7).encode(
        x=alt.X("place:Q", title="books, those whose new vector is least like the stored one first"),
        y=alt.Y("cosine:Q", title="cosine", scale=alt.Scale(domain=[low - (1 - low) * 0.1, 1], nice=False)),
        tooltip=[alt.Tooltip("cosine:Q", format=".4f")],
    )  # fmt: skip
    line = alt.Chart(pd.DataFrame({"bound": [bound]})).mark_rule(color=WORSE, strokeDash=[4, 4]).encode(y="bound:Q")
    reading = (
        f"A sample of {len(ordered):,} books encoded again: every dot below the line ({bound:g}) is a vector that this model did not make."
    )
    below = int((ordered < bound).sum())
    said = f"{below} of {len(ordered)} books lie below {bound:g}"
    return Explained("Stored vectors, encoded again", _layers(dots, line), reading, said, table)


def _layers(*charts: alt.Chart) -> Chart:
    layers: Chart = alt.layer(*charts).properties(height=_HEIGHT)
    return layers


def _mark(at: float, name: str) -> alt.Chart:
    table = pd.DataFrame({"at": [at], "what": [name]})
    line: alt.Chart = alt.Chart(table).mark_rule(color=WORSE, strokeDash=[4, 4], strokeWidth=2).encode(
        x="at:Q", tooltip=[alt.Tooltip("what:N"), alt.Tooltip("at:Q", format=".1f")]
    )  # fmt: skip
    return line


def _numbers(figures: Mapping[str, Figure], name: str) -> list[float]:
    column = figures.get(name, ())
    return [float(each) for each in column] if isinstance(column, tuple) else []


def _words(figures: Mapping[str, Figure], name: str) -> list[str]:
    column = figures.get(name, ())
    return [str(each) for each in column] if isinstance(column, tuple) else []


def _number(figures: Mapping[str, Figure], name: str) -> float:
    value = figures.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _peak(edges: Sequence[float], heights: Sequence[float]) -> float:
    return edges[int(np.argmax(heights))] if heights else float("nan")


def _said(what: str, heights: Sequence[float]) -> str:
    return f"Chart of {what}; {len(heights)} bars, the largest {max(heights, default=0.0):.3g}"


_CHARTS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Figure]], Explained]]] = {
    "vectors.foreign": (("cosine", "bound"), _encoded_again),
    "vectors.words": (("agreement_from", "own", "of_others"), _own_words),
    "vectors.norms": (("norm_from", "norm_to", "books"), _norms),
    "vectors.truncated": (("tokens", "limit"), _lengths),
    "geometry.spectrum": (("variance", "effective_rank"), _spectrum),
    "geometry.anisotropy": (("cosine_from", "random_share"), _pairs),
    "geometry.hubness": (("hub", "hub_share"), _hubs),
}
