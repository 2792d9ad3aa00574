"""Team-draft interleaving is fair, and a blind comparison is decided only when it may be."""

from __future__ import annotations

from collections import Counter
from math import comb, exp, log

import numpy as np
import pytest

from vibeshelf.core.contests import ONE, OTHER, Drawn, outcome_of
from vibeshelf.services.deciding import ALPHA, decide, interval, log_evidence
from vibeshelf.services.interleaving import coin, team_draft

LEFT, RIGHT = [f"l{at}" for at in range(10)], [f"r{at}" for at in range(10)]


def test_both_teams_get_as_many_places_and_their_best_books() -> None:
    for seed in map(str, range(50)):
        picks = team_draft(LEFT, RIGHT, 10, seed)
        assert [pick.key for pick in picks if pick.team == ONE] == LEFT[:5]
        assert [pick.key for pick in picks if pick.team == OTHER] == RIGHT[:5]
        for start in range(0, 10, 2):
            assert {picks[start].team, picks[start + 1].team} == {ONE, OTHER}


def test_a_book_that_both_found_is_shown_once() -> None:
    same = [f"b{at}" for at in range(10)]
    for seed in map(str, range(20)):
        picks = team_draft(same, same[::-1], 10, seed)
        assert len({pick.key for pick in picks}) == 10
        assert Counter(pick.team for pick in picks) == {ONE: 5, OTHER: 5}
        assert [pick.key for pick in team_draft(same, same, 10, seed)] == same


def test_a_seed_gives_the_same_list_and_seeds_give_all_of_them() -> None:
    lists = [tuple(team_draft(LEFT, RIGHT, 6, str(seed))) for seed in range(400)]
    assert lists[7] == tuple(team_draft(LEFT, RIGHT, 6, "7"))
    # Three coins: eight lists, each about as often.
    counts = Counter(lists)
    assert len(counts) == 8
    assert min(counts.values()) > 25


def test_the_coin_is_fair_and_no_round_tells_of_the_next() -> None:
    tosses = np.array([[coin(str(seed), number) for number in range(5)] for seed in range(4000)])
    # Five standard errors of a share of 4,000.
    assert abs(tosses.mean(axis=0) - 0.5).max() < 5 * 0.5 / 4000**0.5
    assert abs((tosses[:, :-1] == tosses[:, 1:]).mean() - 0.5) < 5 * 0.5 / 16000**0.5


def test_who_looks_only_at_the_place_prefers_nobody() -> None:
    """A visitor who always picks the first two books, whatever they are: neither system may gain by that."""
    outcomes = []
    for seed in range(2000):
        drawn = [Drawn(pick.key, "c", "", pick.team) for pick in team_draft(LEFT, RIGHT, 10, str(seed))]
        outcomes.append(outcome_of(drawn, {0, 2}))
    counts = Counter(outcomes)
    assert abs(counts[1] - counts[-1]) < 5 * (counts[1] + counts[-1]) ** 0.5
    assert counts[0] > 800


@pytest.mark.parametrize(("one", "other"), [([], RIGHT), (LEFT, []), (["l0"], RIGHT)], ids=["none", "none there", "a single one"])
def test_nobody_fills_the_places_of_who_has_nothing_left(one: list[str], other: list[str]) -> None:
    picks = team_draft(one, other, 10, "s")
    assert [pick.key for pick in picks if pick.team == ONE] == one[: len(picks) // 2]
    assert len(picks) == 2 * min(len(one), len(other), 5)


def decided_share(share: float, rounds: int) -> list[float]:
    """Return, exactly, how likely it is that a comparison is decided by each round: every path is followed until it is."""
    bar, alive, decided, by_round = -log(ALPHA), np.ones(1), 0.0, []
    for number in range(1, rounds + 1):
        alive = np.append(alive * (1 - share), 0) + np.append(0, alive * share)
        crossed = np.array([log_evidence(wins, number - wins) >= bar for wins in range(number + 1)])
        decided += float(alive[crossed].sum())
        alive = np.where(crossed, 0, alive)
        by_round.append(decided)
    return by_round


def test_without_a_preference_at_most_one_comparison_in_twenty_is_ever_decided() -> None:
    exact = decided_share(0.5, 400)[-1]
    assert 0.02 < exact <= ALPHA


def test_a_preference_is_found_in_as_many_rounds_as_we_say() -> None:
    for share, rounds in ((0.8, 33), (0.7, 80), (0.6, 352)):
        by_round = decided_share(share, rounds)
        assert by_round[-1] >= 0.8 > by_round[-2], (share, rounds)


def test_simulated_comparisons_with_a_look_after_every_round() -> None:
    """The whole way, ties and all, as the page does it: 600 comparisons without a preference, 60 with one."""
    random = np.random.default_rng(20261128)
    null = [decide(random.choice([1, -1, 0], size=250, p=[0.4, 0.4, 0.2]).tolist()) for _ in range(600)]
    false = sum(each.winner is not None for each in null)
    # The true share is at most 5 %: 30 of 600, and 46 in one simulation of a thousand.
    assert false <= 46
    told = [decide(random.choice([1, -1, 0], size=250, p=[0.6, 0.2, 0.2]).tolist()) for _ in range(60)]
    assert [each.winner for each in told] == [1] * 60


def test_the_interval_holds_the_truth_at_all_times_together() -> None:
    random, missed = np.random.default_rng(7), 0
    for _ in range(150):
        wins = np.cumsum(random.random(120) < 0.7)
        missed += any(log_evidence(int(won), number - int(won), 0.7) >= -log(ALPHA) for number, won in enumerate(wins, 1))
    assert missed <= 17  # 7.5 of 150 expected at most; 17 in one simulation of a thousand
    for won, lost in ((0, 0), (3, 0), (0, 9), (40, 12)):
        low, high = interval(won, lost)
        assert 0 <= low <= (won / (won + lost) if won + lost else 0.5) <= high <= 1
        for share in (low, high):
            if 0 < share < 1:
                assert log_evidence(won, lost, share) == pytest.approx(-log(ALPHA), abs=1e-6)
    assert interval(0, 0) == (0, 1)


def test_the_fortune_is_the_integral_that_it_is_said_to_be() -> None:
    shares = (np.arange(200_000) + 0.5) / 200_000
    for wins, losses in ((0, 0), (5, 2), (30, 11)):
        bets = (2 * shares) ** wins * (2 * (1 - shares)) ** losses * 6 * shares * (1 - shares)
        assert exp(log_evidence(wins, losses)) == pytest.approx(float(bets.mean()), rel=1e-6)


def test_the_fortune_of_the_next_round_is_on_average_that_of_now() -> None:
    for number in (1, 8, 30):
        mean = sum(comb(number, wins) * 0.5**number * exp(log_evidence(wins, number - wins)) for wins in range(number + 1))
        assert mean == pytest.approx(1, rel=1e-9)


def test_a_decision_stands_and_says_when_it_fell() -> None:
    early = decide([1] * 8)
    assert (early.winner, early.least_more, early.more) == (None, 1, 1)
    fell = decide([0, *[1] * 9])
    assert (fell.winner, fell.decided_at, fell.more, fell.least_more) == (1, 10, None, None)
    later = decide([0, *[1] * 9, *[-1] * 30])
    assert (later.winner, later.decided_at) == (1, 10)
    assert decide([-1] * 9).winner == -1


def test_what_is_missing_is_said_only_where_it_can_be() -> None:
    assert decide([]).more is None
    assert decide([]).least_more == 9
    assert decide([1, 1, -1]).more is None
    assert decide([1, -1] * 10).more is None
    some = decide([1, 1, 0, -1] * 5)
    assert some.more is not None
    assert some.more > 20
    # That many more of the same do decide it, give or take what a lucky order brings.
    assert decide([1, 1, 0, -1] * (5 + some.more // 4 + 2)).winner == 1
    assert decide([1, 1, 0, -1] * (5 + some.more // 4 - 5)).winner is None


def test_thousands_of_rounds_overflow_nothing() -> None:
    many = decide([1] * 5000)
    assert many.winner == 1
    assert many.evidence > 1e100
    assert 0.99 < many.low <= many.high <= 1
