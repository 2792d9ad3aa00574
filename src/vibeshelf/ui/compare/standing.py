"""How the rounds of two contenders stand: decided or not, since when, and what it would take."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from vibeshelf.core.contests import Contest
from vibeshelf.services.contests import QueryTally, Tally, as_csv, tally
from vibeshelf.services.deciding import ALPHA, Decision
from vibeshelf.ui import resources
from vibeshelf.ui.picture import picture
from vibeshelf.ui.text import plain

# The first rounds of a visitor are seen at once; a long list is scrolled in place.
_TALL = 260


def standing(contest: Contest) -> None:
    """Draw the tally of all visitors, what it decides, the rounds by query, and what can be done with them."""
    found = tally(resources.contests(), contest)
    st.header("All rounds together", anchor=False)
    if found.decision.rounds:
        st.markdown(verdict(found.decision, contest))
        picture(bar(found.decision), said_of(found.decision, contest), "standing-bar")
        _ends(contest)
        st.caption(facts(found, contest))
        _by_query(found.queries, contest)
    else:
        st.caption(f"No round of these two was finished yet. {_beginning(found)}")
    _doings(contest, found)


def verdict(decision: Decision, contest: Contest) -> str:
    """Return in words whether it is decided, and what is missing where it is not."""
    one, other = plain(contest.one.name), plain(contest.other.name)
    if decision.winner is not None:
        winner = one if decision.winner == 1 else other
        return f":material/gavel: **Decided in round {decision.decided_at}: visitors prefer {winner}.**"
    ahead = one if decision.wins > decision.losses else other
    leads = "nobody leads" if decision.wins == decision.losses else f"{ahead} leads"
    return f":material/hourglass_top: **Not decided: {leads}.** {missing(decision)}"


def missing(decision: Decision) -> str:
    """Return what it would still take, as far as that can be said."""
    at_best = f"At the earliest {decision.least_more} more decide it" if decision.least_more is not None else "More rounds may decide it"
    if decision.more is not None:
        return f"If it goes on like this, about {decision.more:,} more rounds decide it; at the earliest {decision.least_more}."
    if decision.wins + decision.losses < 5:
        return f"{at_best}; how many it takes at this rate cannot be said of so few."
    return f"{at_best}; at this rate there is no end in sight, so the two may be as good as each other."


def bar(decision: Decision) -> str:
    """Return a picture of the share of rounds that the first one won, with its interval; the middle is as many for each."""
    tosses = decision.wins + decision.losses
    left, right, at = (100 * each for each in (decision.low, decision.high, decision.wins / tosses if tosses else 0.5))
    return (
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" class="vs-standing"><rect y="3" width="100" height="2" class="vs-track"/>'
        f'<rect x="{left:.2f}" y="2" width="{right - left:.2f}" height="4" class="vs-between"/>'
        f'<rect x="{at - 0.4:.2f}" width="0.8" height="8" class="vs-seen"/><rect x="49.9" width="0.2" height="8" class="vs-even"/></svg>'
    )


def said_of(decision: Decision, contest: Contest) -> str:
    """Return in words what is in the picture."""
    tosses = decision.wins + decision.losses
    won = f"{decision.wins / tosses:.0%} of the {tosses} rounds that were no ties" if tosses else "no round yet"
    return f"{contest.one.name} won {won}; between {decision.low:.0%} and {decision.high:.0%} is not refuted. Without 50% it is decided."


def _ends(contest: Contest) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", key="standing-ends"):
        for side in (f"← {contest.other.name}", f"{contest.one.name} →"):
            st.caption(plain(side), width="content")


def facts(found: Tally, contest: Contest) -> str:
    """Return the figures under the picture, with what they are made of."""
    decision, tosses = found.decision, found.decision.wins + found.decision.losses
    share = f"{decision.wins / tosses:.0%} of those without ties" if tosses else "no share yet"
    left_out = [
        text
        for count, text in (
            (found.repeated, f"{found.repeated:,} that repeat a visitor's words"),
            (found.earlier, f"{found.earlier:,} from before a change or a new beginning"),
        )
        if count
    ]
    return (
        f"{plain(contest.one.name)} won {decision.wins:,}, {plain(contest.other.name)} {decision.losses:,}, ties {decision.ties:,}: "
        f"{share} went to the first (not refuted: {decision.low:.0%} to {decision.high:.0%}) · n = {_count(decision.rounds, 'round')} of "
        f"{_count(found.visitors, 'visitor')} · evidence {_fortune(decision.evidence)} of the "
        f"{1 / ALPHA:.0f} that decide; a chance of at most {ALPHA:.0%} that two equals ever get there, however often one looks"
        + (f" · not counted: {' and '.join(left_out)}" if left_out else "")
        + (f". {_beginning(found)}" if found.beginnings else ".")
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _fortune(evidence: float) -> str:
    return f"{evidence:.2f}" if evidence < 10 else f"{evidence:,.0f}" if evidence < 1e6 else "over a million"


def _beginning(found: Tally) -> str:
    if not found.beginnings:
        return ""
    return f"The count began anew {_count(found.beginnings, 'time')}; who begins often enough finds a winner by luck."


def _by_query(queries: tuple[QueryTally, ...], contest: Contest) -> None:
    table = pd.DataFrame(
        [{"words": each.query, contest.one.name: each.wins, contest.other.name: each.losses, "ties": each.ties} for each in queries]
    )
    with st.expander(f"By words ({len(queries):,})", key="by-query", on_change="rerun") as box:
        if box.open:
            st.dataframe(
                table,
                hide_index=True,
                height=min(_TALL, 38 + 35 * len(table)),
                alt="Rounds won by each of the two, and ties, for each query",
            )


def _doings(contest: Contest, found: Tally) -> None:
    if not found.decision.rounds and not found.earlier:
        return
    with st.container(horizontal=True, gap="small", key="contest-doings"):
        st.download_button(
            "Every round (CSV)",
            partial(as_csv, resources.contests(), contest),
            "blind-rounds.csv",
            "text/csv",
            on_click="ignore",
            key="rounds-csv",
        )
        if found.decision.rounds:
            with st.popover("Count anew", icon=":material/restart_alt:"):
                st.markdown("The rounds so far are kept, in the file too, but no longer counted. A decision that fell is no longer shown.")
                st.button("Count from here on", key="count-anew", on_click=_anew, args=(contest,))


def _anew(contest: Contest) -> None:
    resources.contests().begin_anew(*contest.teams)
