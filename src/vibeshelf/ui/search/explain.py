"""The line over the results: how many, how fast, on what; opened, the whole story of the search."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vibeshelf.adapters.encoders.tokens import Reading, Token
from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.records import Filter, Manifest, SearchResult
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.explaining import comparison_of, weights_of
from vibeshelf.services.filters import filter_text
from vibeshelf.ui import resources
from vibeshelf.ui.banner import standing_of
from vibeshelf.ui.links import links
from vibeshelf.ui.text import plain

# A long request is hundreds of tokens; the story is not about them.
_MOST_TOKENS, _MOST_CUT_CHARS = 120, 200


@st.fragment
def explained(result: SearchResult, filters: Sequence[Filter] = (), left: int | None = None, steering: Steering = STRAIGHT) -> None:
    """Draw the line; what is under it is made only when somebody opens it, and searches nothing again. `left`: see `timing_line`."""
    with st.expander(timing_line(result, left), type="compact", key="explain", on_change="rerun") as box:
        if box.open:
            _story(result, filters, steering)


def timing_line(result: SearchResult, left: int | None = None) -> str:
    """Return how many, how fast, on what; `left` is how many books the filters leave, None without any."""
    of = f"{result.count:,} books" if left is None else f"the {left:,} books that the filters leave of {result.count:,},"
    return (
        f"{len(result.hits)} of {of} in {result.total_ms:.0f} ms "
        f"({encoding_of(result, 0)}, search {result.search_ms:.0f}, fetch {result.hydrate_ms:.0f}) · "
        f"{plain(result.model)} on {result.backend}, {result.device} · collection {plain(result.collection)}"
    )


def encoding_of(result: SearchResult, digits: int) -> str:
    """Return what became of the query's text, with its time where there is one."""
    if result.system == "lexical":
        return "nothing encoded"
    return "vector remembered" if result.remembered else f"encode {result.encode_ms:.{digits}f}"


def _story(result: SearchResult, filters: Sequence[Filter], steering: Steering) -> None:
    shelf = resources.shelf(result.collection)
    if result.query and result.system != "lexical":
        st.markdown(f"**Your words, as the model reads them.** {_tokens_said(result)}")
    st.markdown(f"**The model.** {model_said(shelf.manifest, result)}")
    st.markdown(f"**The comparison.** {comparison_of(result, shelf.mirror(), filters, steering)} {plain(weights_of(result.system))}")
    wished = ", ".join(plain(filter_text(each)) for each in filters) or "none"
    st.markdown(f"**Filters.** {wished[0].upper()}{wished[1:]}.")
    st.markdown(f"**Time.** {times_said(result)}")
    st.markdown(f"**Can the collection be trusted?** {health_said(result.collection)}")
    address = {"collection": result.collection}
    walk = [("Walk through this search", "How_it_works", {**address, "q": result.query})] if result.query else []
    links(("Its health", "Health", address), *walk)


def _tokens_said(result: SearchResult) -> str:
    try:
        reading = resources.reader(result.model)(result.query)
    except VibeshelfError as error:
        return plain(str(error))
    return f"{chips(reading.tokens)}  \n{room_said(reading)}"


def chips(tokens: Sequence[Token]) -> str:
    """Return tokens as badges, those that the model adds itself in grey."""
    shown = [f":{'gray' if each.special else 'violet'}-badge[{plain(each.text)}]" for each in tokens[:_MOST_TOKENS]]
    more = f" and {len(tokens) - _MOST_TOKENS:,} more" if len(tokens) > _MOST_TOKENS else ""
    return f"{' '.join(shown)}{more}"


def room_said(reading: Reading) -> str:
    """Return how many tokens there were, and what was cut."""
    prompt = f" It was put behind the prompt '{plain(reading.prompt.strip())}'." if reading.prompt else ""
    used = f"{len(reading.tokens):,} of at most {reading.room:,} tokens"
    if not reading.cut:
        return f"{used}; nothing was cut.{prompt}"
    cut = reading.cut if len(reading.cut) <= _MOST_CUT_CHARS else f"{reading.cut[:_MOST_CUT_CHARS]} …"
    return f"{used}; {len(reading.cut):,} characters were **cut** and not searched for by meaning: “{plain(cut)}”{prompt}"


def model_said(manifest: Manifest, result: SearchResult) -> str:
    """Return what encodes queries here, and what encoded the books."""
    spec = manifest.encoder
    return (
        f"{plain(spec.model)} (fingerprint {spec.fingerprint[:12]}) gives {spec.dimension} numbers, pooled by {plain(spec.pooling)}. "
        f"Queries run on {result.backend} {result.precision}, {result.device}; the books were encoded on {manifest.backend} "
        f"{manifest.precision} on {manifest.built_at[:10]}, with the same model, or this search would have been refused."
    )


def times_said(result: SearchResult) -> str:
    """Return the stages with their times; of one search, so without percentiles."""
    encode = encoding_of(result, 1) + ("" if result.remembered or result.system == "lexical" else " ms")
    return (
        f"{encode[0].upper()}{encode[1:]}, search {result.search_ms:.1f} ms, fetch {result.hydrate_ms:.1f} ms, in all "
        f"{result.total_ms:.1f} ms on {result.device}, {result.backend} {result.precision}: of this one search (n = 1), without the "
        "page's own time."
    )


def health_said(collection: str) -> str:
    """Return the worst that is known of a collection, or what is known at all."""
    latest = next(iter(resources.examinations(collection)), None)
    found = standing_of(resources.opened().get(collection), latest)
    if found is not None:
        return f"**{'No' if found.status == 'fail' else 'Look at this first'}:** {plain(found.reason)}"
    checks = "The quick probes that run at every opening found nothing amiss"
    if latest is None:
        return f"{checks}; nobody has asked for a full examination yet."
    return f"{checks}. The latest full examination was on {latest.examined_at[:10]}, of {len(latest.results)} probes: {latest.status}."
