"""A blind round: books of both, mixed; what the visitor likes; then who found what."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from vibeshelf.core.contests import ONE, OTHER, Contender, Contest, Round
from vibeshelf.core.errors import InputError, VibeshelfError
from vibeshelf.core.records import Book
from vibeshelf.services.contests import contest_of, deal
from vibeshelf.services.matching import sentences_of
from vibeshelf.services.pooling import books_of
from vibeshelf.services.search import clean_query
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui import resources
from vibeshelf.ui.compare.standing import standing
from vibeshelf.ui.layout import empty_state, show_error
from vibeshelf.ui.search.covers import cover_picture
from vibeshelf.ui.text import isolated, plain, year_text
from vibeshelf.ui.visitor import visitor

_ROUND, _FAILED, _SETTLED = "round", "blind-failed", "blind-settled"
_TOLD_SENTENCES, _TOLD_CHARS = 3, 420


def blind(query: str, contenders: tuple[Contender, Contender]) -> None:
    """Draw the round for these words, or the way to begin one, and how all rounds stand."""
    shelves = {each.collection: resources.shelf(each.collection) for each in contenders}
    contest = contest_of(contenders, shelves)
    _failure()
    found = _round_of(contest, query)
    if found is not None:
        _round(found.round_id, shelves)
    elif query:
        _invitation(contest, shelves, query)
    else:
        empty_state("Say what the book should feel like. Ten books come, half of them from each; which are whose is told in the end.")
    with st.container(key="standing"):
        standing(contest)


def _round_of(contest: Contest, query: str) -> Round | None:
    """Return the round that the address names, if it is one of these words and contenders."""
    round_id = st.query_params.get(_ROUND)
    found = resources.contests().get(round_id) if round_id else None
    if found is None or found.contest != contest or found.query != _cleaned(query):
        st.query_params.pop(_ROUND, None)
        return None
    return found


def _cleaned(query: str) -> str | None:
    try:
        return clean_query(query)
    except InputError:
        return None


def _invitation(contest: Contest, shelves: Mapping[str, Shelf], query: str) -> None:
    st.markdown("You get ten books, half of them from each of the two, mixed by fair coins. Tick what you would like to read.")
    st.button("Mix ten books", key="mix", type="primary", icon=":material/shuffle:", on_click=_deal, args=(contest, shelves, query))
    st.caption("Your words and ticks are kept, without a name, and your words show in the table of this page.")


def _deal(contest: Contest, shelves: Mapping[str, Shelf], query: str) -> None:
    try:
        st.query_params[_ROUND] = deal(resources.contests(), contest, shelves, query, visitor()).round_id
    except VibeshelfError as error:
        st.session_state[_FAILED] = error


@st.fragment
def _round(round_id: str, shelves: Mapping[str, Shelf]) -> None:
    """A tick draws the round again and nothing else of the page."""
    found = resources.contests().get(round_id)
    if found is None:
        return
    if st.session_state.pop(_SETTLED, False):
        # How all rounds stand is below, outside of what a tick draws again.
        st.rerun()
    _failure()
    if found.outcome is not None:
        _verdict(found)
    else:
        st.markdown("Tick what you would like to read. In the end you see which of the two found it.")
    books = {each: books_of(shelf, [drawn.book_id for drawn in found.drawn if drawn.collection == each]) for each, shelf in shelves.items()}
    with st.container(key="round", gap="small"):
        for place, drawn in enumerate(found.drawn):
            _book(found, place, books.get(drawn.collection, {}).get(drawn.book_id))
    if found.outcome is None:
        st.button(
            "I am done: who found them?", key="done", type="primary", icon=":material/visibility:", on_click=_settle, args=(round_id,)
        )
        st.caption("Every tick is saved at once. None ticked, or as many of each, is a tie.")


def _book(found: Round, place: int, book: Book | None) -> None:
    drawn = found.drawn[place]
    with st.container(horizontal=True, gap="medium", key=f"drawn-{place}"):
        if book is not None:
            st.html(f'<div class="vs-small-cover">{cover_picture(book)}</div>', width="content")
        with st.container(gap="xsmall"):
            st.markdown(f"**{isolated(plain(drawn.title or 'Untitled'))}**")
            st.caption(_facts(book))
            if told := _told(book):
                st.markdown(plain(told))
            if found.outcome is None:
                key = f"tick-{found.round_id}-{place}"
                st.session_state.setdefault(key, place in found.picked)
                label = f"I would like to read {plain(drawn.title or 'this')}"
                st.checkbox(label, key=key, on_change=_pick, args=(found.round_id, place, key))
            else:
                liked = ":material/favorite: you liked it · " if place in found.picked else ""
                st.caption(f"{liked}found by **{plain(found.contest.teams[drawn.team].name)}**")


def _facts(book: Book | None) -> str:
    if book is None:
        return "no longer in the collection"
    return plain(" · ".join(fact for fact in (book.author, year_text(book.year), book.country or "") if fact)) or "author and year unknown"


def _told(book: Book | None) -> str:
    text = " ".join(sentences_of(book.description)[:_TOLD_SENTENCES]) if book is not None else ""
    return text if len(text) <= _TOLD_CHARS else f"{text[:_TOLD_CHARS].rsplit(' ', 1)[0]} …"


def _verdict(found: Round) -> None:
    likes = [sum(found.drawn[place].team == team for place in found.picked) for team in (ONE, OTHER)]
    names = [plain(each.name) for each in found.contest.teams]
    score = f"{names[ONE]} {likes[ONE]}, {names[OTHER]} {likes[OTHER]}"
    if found.outcome == 0:
        st.success(f"A tie: {score}.", icon=":material/balance:")
    else:
        st.success(f"**{names[ONE if found.outcome == 1 else OTHER]}** wins this round: {score}.", icon=":material/emoji_events:")
    st.caption("Type other words above for another round. This one stays as it is under its address.")


def _pick(round_id: str, place: int, key: str) -> None:
    try:
        resources.contests().pick(round_id, place, bool(st.session_state[key]))
    except VibeshelfError as error:
        # The box shows what is kept, not what was pressed.
        st.session_state.pop(key, None)
        st.session_state[_FAILED] = error


def _settle(round_id: str) -> None:
    try:
        resources.contests().settle(round_id)
        st.session_state[_SETTLED] = True
    except VibeshelfError as error:
        st.session_state[_FAILED] = error


def _failure() -> None:
    """Show why what was last pressed could not be kept."""
    if failed := st.session_state.pop(_FAILED, None):
        show_error(failed)
