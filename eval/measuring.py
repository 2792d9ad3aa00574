"""How the benchmarks measure: interleaved, warmed up, repeated, with medians, raw samples and the environment kept."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.adapters.encoders.graph_encoder import usable_cores
from vibeshelf.services.machine import governor

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("torch", "sentence-transformers", "onnxruntime", "openvino", "chromadb", "numpy", "faiss-cpu")
Samples = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a figure of ours over the baseline's in the same run. `reach` is what it should come to."""

    what: str
    ours: float
    baseline: float
    unit: str
    reach: str
    met: bool
    n: int
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline


@dataclass(slots=True)
class Report:
    """Everything that one benchmark found."""

    name: str
    quick: bool
    rows: list[Row] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    samples: dict[str, Samples] = field(default_factory=dict)

    def add(self, what: str, ours: float, baseline: float, unit: str, reach: str, n: int, note: str = "") -> None:
        """Add a line; `reach` is '<= 0.3' or '>= 1.3', on the ratio ours / baseline."""
        sign, bound = reach.split()
        ratio = ours / baseline
        row = Row(what, ours, baseline, unit, reach, ratio <= float(bound) if sign == "<=" else ratio >= float(bound), n, note)
        self.rows.append(row)
        say(_line(row))

    def save(self) -> Path:
        """Write the summary and, beside it, the raw samples in seconds; return the summary's path."""
        path = RESULTS / f"{self.name}{'-quick' if self.quick else ''}-{machine_slug()}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        summary = {
            "schema": 1,
            "name": self.name,
            "quick": self.quick,
            "environment": environment(),
            "rows": [{**asdict(row), "ratio": row.ratio} for row in self.rows],
            "limits": self.limits,
        }
        path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        with path.with_suffix(".samples.jsonl").open("w", encoding="utf-8") as out:
            for section, of in self.samples.items():
                for system, seconds in of.items():
                    line = {"section": section, "system": system, "seconds": [round(value, 7) for value in seconds]}
                    out.write(json.dumps(line) + "\n")
        return path

    def table(self) -> str:
        """Return the table as Markdown."""
        lines = ["| what | ours | baseline | ours / baseline | reach | met | n |", "|---|---|---|---|---|---|---|"]
        lines += [_line(row) for row in self.rows]
        lines += [f"| limit: {name} | {value:.3g} | | | | | |" for name, value in self.limits.items()]
        env = environment()
        return "\n".join([*lines, "", f"{env['machine']}, {env['date']}, load {env['load_average'][0]:.1f}"])


def say(line: str) -> None:
    """Print what is being done or was found, at once: benchmarks are long."""
    print(line, flush=True)


def rows_of(summary: Mapping[str, Any]) -> list[str]:
    """Return the table's lines of a saved summary, as README quotes them."""
    return [_line(Row(**{key: value for key, value in row.items() if key != "ratio"})) for row in summary["rows"]]


def _line(row: Row) -> str:
    note = f" ({row.note})" if row.note else ""
    return (
        f"| {row.what}{note} | {row.ours:.3g} {row.unit} | {row.baseline:.3g} {row.unit} | {row.ratio:.2f} "
        f"| {row.reach} | {'yes' if row.met else 'no'} | {row.n} |"
    )


def machine_slug() -> str:
    """Return the machine's name as a file name holds it."""
    return re.sub(r"[^a-z0-9]+", "-", machine_name().lower()).strip("-")


def environment() -> dict[str, Any]:
    """Return what a reader needs to compare: machine, versions, threads, load, date."""
    found: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except ModuleNotFoundError:
            found[package] = None
    return {
        "machine": machine_name(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": usable_cores(),
        "governor": governor(),
        "load_average": list(os.getloadavg()),
        "versions": found,
        "date": datetime.now(UTC).date().isoformat(),
    }


def interleave(
    systems: dict[str, Callable[[Any], object]],
    items: Sequence[Any],
    repeats: int,
    warm_up: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> Samples:
    """Return the seconds of every call, by this clock. For each item the systems take turns, and who begins changes with it."""
    for call in systems.values():
        for item in items[:warm_up]:
            call(item)
    samples: Samples = {name: [] for name in systems}
    names = list(systems)
    for turn in range(repeats):
        for at, item in enumerate(items):
            shift = (turn + at) % len(names)
            for name in names[shift:] + names[:shift]:
                started = clock()
                systems[name](item)
                samples[name].append(clock() - started)
    return samples


def percentile_ms(seconds: Sequence[float], q: float) -> float:
    return float(np.percentile(seconds, q)) * 1000
