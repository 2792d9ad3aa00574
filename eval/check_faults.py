"""The fault suite in full: python -m eval.check_faults [--plantings 100] [--only clean|faults] [--quick] [--named KIND ...].

Prints two tables: clean collections with the alarms that they raise, and faults with the least strength at which they are found.
It takes long, so it can be run in parts: vectors that were encoded once are kept in the data folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from eval.clean import E5, SMALL, STATIC, clean_collections, laid_out
from eval.corpora import read_books
from eval.faults import geometry_faults, prompted_faults, tower_faults, vector_faults
from eval.kept_vectors import keep, remembering
from eval.planting import Fault, copy_of
from vibeshelf.adapters.catalog import STARTER
from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.torch_encoder import load_torch
from vibeshelf.core.probes import FAIL, WARN
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.health import examine_specimen
from vibeshelf.services.probes.specimen import Specimen

# Found in so large a share of the plantings.
FOUND = 0.99


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plantings", type=int, default=100, help="of each fault at each strength (default: 100)")
    parser.add_argument("--only", choices=("clean", "faults"), help="one of the two tables")
    parser.add_argument("--quick", action="store_true", help="5 plantings")
    parser.add_argument("--named", nargs="+", metavar="KIND", help="only what has one of these in its name or its probe's")
    arguments = parser.parse_args()
    named = tuple(arguments.named or ("",))
    settings = load_settings()
    if arguments.only != "faults":
        _print_clean(settings, named)
    if arguments.only != "clean":
        _print_faults(settings, 5 if arguments.quick else arguments.plantings, named)


def _print_clean(settings: Settings, named: Sequence[str]) -> None:
    remembered = {name: remembering(settings, open_encoder(settings, name, may_export=True)) for name in (SMALL, E5)}
    # The static model is quicker to ask again than its vectors are to keep.
    encoders: dict[str, Encoder] = {**remembered, STATIC: open_encoder(settings, STATIC)}
    print("| clean collection | model | books | fail | warn | reason | seconds |\n|---|---|---|---|---|---|---|")
    for each in clean_collections():
        if not any(word in each.name for word in named):
            continue
        specimen = laid_out(each.books, encoders[each.model])
        examination = examine_specimen(specimen)
        raised = [result for result in examination.results if result.status in (WARN, FAIL)]
        counts = [sum(result.status == status for result in raised) for status in (FAIL, WARN)]
        reason = "; ".join(f"{result.id}: {result.observed}" for result in raised)
        row = (each.name, each.model, f"{len(each.books):,}", *counts, reason, f"{examination.seconds:.1f}")
        print(f"| {' | '.join(map(str, row))} |", flush=True)
        if each.model in remembered:
            keep(settings, remembered[each.model])


def _print_faults(settings: Settings, plantings: int, named: Sequence[str]) -> None:
    starter = read_books(STARTER)
    other = remembering(settings, open_encoder(settings, E5))
    with tempfile.TemporaryDirectory() as folder:
        cls = remembering(settings, _with_another_pooling(settings, Path(folder)))
        mine = remembering(settings, open_encoder(settings, SMALL, may_export=True))
        own = laid_out(starter, mine)
        prompted = laid_out(starter[::3], other)
        print(f"\n{len(starter)} books, {SMALL}; each strength planted up to {plantings} times.\n")
        print("| fault | probe | stated strength | found there | least strength found in 99 % | weaker: found |\n|---|---|---|---|---|---|")
        every = [*tower_faults(other, open_encoder(settings, STATIC)), *vector_faults(other, cls), *geometry_faults()]
        for specimen, faults in ((own, every), (prompted, prompted_faults())):
            for fault in faults:
                if any(word in fault.name or word in fault.probe for word in named):
                    print(_row(specimen, fault, plantings), flush=True)
                    for encoder in (other, cls, mine):
                        keep(settings, encoder)


def _with_another_pooling(settings: Settings, folder: Path) -> Encoder:
    shutil.copytree(read_model(SMALL, settings.models_dir).folder, folder / "model")
    config = folder / "model" / "1_Pooling" / "config.json"
    content = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**content, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}), encoding="utf-8")
    return load_torch(read_model(str(folder / "model"), settings.models_dir), "cpu")


def _row(specimen: Specimen, fault: Fault, plantings: int) -> str:
    tried = [(strength, *_planted(specimen, fault, strength, plantings)) for strength in _strengths(fault)]
    stated, weaker = tried[0], tried[1:]
    held = [strength for strength, found, count in tried if found >= FOUND * count]
    least = f"{held[-1]:g} {fault.unit}".strip() if held else "not found"
    rest = "; ".join(f"{strength:g}: {found} of {count}" for strength, found, count in weaker)
    cells = (fault.name, fault.probe, f"{fault.strength:g} {fault.unit}".strip(), f"{stated[1]} of {stated[2]}", least, rest or "-")
    return f"| {' | '.join(cells)} |"


def _strengths(fault: Fault) -> Iterator[float]:
    yield fault.strength
    yield from fault.weaker


def _planted(specimen: Specimen, fault: Fault, strength: float, plantings: int) -> tuple[int, int]:
    """Return (how often it was found, how often planted); planting ends when 99 % can no longer be reached."""
    found = count = 0
    most_missed = plantings - FOUND * plantings
    for seed in range(1 if _is_fixed(fault) else plantings):
        # Another examination draws other books.
        planted = copy_of(fault.plant(specimen, strength, np.random.default_rng([seed, 7])), seed=seed)
        found += examine_specimen(planted, [fault.probe]).results[0].status in (WARN, FAIL)
        count += 1
        if count - found > most_missed and count >= 10:
            break
    return found, count


def _is_fixed(fault: Fault) -> bool:
    """Return whether every planting of it is the same."""
    return fault.probe.startswith("towers.") and fault.name != "canaries edited"


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"\n{time.perf_counter() - started:.0f} s")
