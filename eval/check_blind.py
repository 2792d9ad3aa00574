"""Would blind rounds find what grades say? python -m eval.check_blind [--orders 200] [--collection starter]

A visitor is played who likes what raters gave 2 or 3. For every pair of systems each graded query is one round of team-draft
interleaving; rounds come in random orders, drawn with replacement, and the decision is looked at after every one of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median

import numpy as np

from vibeshelf.adapters.catalog.starter import starter_qrels_path, starter_queries
from vibeshelf.adapters.trec import read_qrels
from vibeshelf.core.contests import Drawn, outcome_of
from vibeshelf.core.records import Grades
from vibeshelf.core.settings import load_settings
from vibeshelf.services.deciding import decide
from vibeshelf.services.interleaving import team_draft
from vibeshelf.services.shelf import Shelf, open_shelf
from vibeshelf.services.systems import SYSTEMS

LIKED, SHOWN, MOST_ROUNDS, SEED = 2, 10, 1000, 20261128
Rankings = Mapping[str, Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=200, help="random orders of rounds for each pair (default: 200)")
    parser.add_argument("--collection", default="starter")
    arguments = parser.parse_args()
    shelf, grades = open_shelf(arguments.collection, settings=load_settings()), read_qrels(starter_qrels_path())
    found = {system: rankings(shelf, grades, system) for system in SYSTEMS}
    print("| pair | wins, losses, ties by query, a hundred coins each | decided for the first | for the second | rounds to a decision |")
    print("|---|---|---|---|---|")
    for one, other in (*combinations(SYSTEMS, 2), (SYSTEMS[0], SYSTEMS[0])):
        report(one, other, found, grades, arguments.orders)


def rankings(shelf: Shelf, grades: Grades, system: str) -> Rankings:
    texts = starter_queries()
    return {query_id: [hit.book_id for hit in shelf.run(texts[query_id], SHOWN, system).hits] for query_id in grades}


def report(one: str, other: str, found: Mapping[str, Rankings], grades: Grades, orders: int) -> None:
    random = np.random.default_rng(SEED)
    table = np.array([[outcome(found[one][key], found[other][key], grades[key], f"{key} {at}") for at in range(100)] for key in grades])
    decisions = [
        decide(table[random.integers(0, len(table), MOST_ROUNDS), random.integers(0, 100, MOST_ROUNDS)].tolist()) for _ in range(orders)
    ]
    first, second = (sum(each.winner == winner for each in decisions) / orders for winner in (1, -1))
    rounds = [each.decided_at for each in decisions if each.decided_at is not None]
    shares = ", ".join(f"{float((table == value).mean()):.1%}" for value in (1, -1, 0))
    typical = f"{median(rounds):.0f} (80 %: {np.quantile(rounds, 0.8):.0f})" if rounds else "none"
    print(f"| {one} against {other} | {shares} | {first:.0%} | {second:.0%} | {typical} |", flush=True)


def outcome(one: Sequence[str], other: Sequence[str], graded: Mapping[str, int], seed: str) -> int:
    drawn = [Drawn(pick.key, "", "", pick.team) for pick in team_draft(one, other, SHOWN, seed)]
    return outcome_of(drawn, {place for place, each in enumerate(drawn) if graded.get(each.book_id, 0) >= LIKED})


if __name__ == "__main__":
    main()
