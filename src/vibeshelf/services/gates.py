"""Gates for CI: a measure of a system must reach a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from vibeshelf.core.errors import InputError
from vibeshelf.services.evaluation import Report
from vibeshelf.services.measures import Measure, parse_measure
from vibeshelf.services.search import DEFAULT_SYSTEM

_SIGNS: dict[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
_GATE = re.compile(r"(?:(?P<system>[^<>:]+):)?(?P<measure>[^<>]+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<bound>[^<>=\s]+)")


@dataclass(frozen=True, slots=True)
class Gate:
    """`nDCG@10>=0.60`, or `dense:nDCG@10>=0.60`; without a system the default one, hybrid, is meant."""

    text: str
    system: str | None
    measure: Measure
    sign: str
    bound: float


@dataclass(frozen=True, slots=True)
class Passed:
    """What a gate found; `observed` is None where the measure is undefined on every query, which does not pass."""

    gate: Gate
    system: str
    observed: float | None

    @property
    def met(self) -> bool:
        return self.observed is not None and _SIGNS[self.gate.sign](self.observed, self.gate.bound)

    @property
    def sentence(self) -> str:
        seen = "undefined on every query" if self.observed is None else f"{self.observed:.4f}"
        expected = f"expected {self.gate.sign} {self.gate.bound:g}"
        return f"gate {'met' if self.met else 'not met'}: {self.system} {self.gate.measure.name} is {seen}, {expected}"


def parse_gate(text: str) -> Gate:
    """Return the gate of a text. Raises InputError for one that cannot be read."""
    found = _GATE.fullmatch(text.strip())
    try:
        bound = float(found["bound"]) if found else float("nan")
    except ValueError:
        bound = float("nan")
    if found is None or bound != bound:
        raise InputError(f"gate '{text}' cannot be read; expected MEASURE>=NUMBER or SYSTEM:MEASURE>=NUMBER, such as nDCG@10>=0.60")
    return Gate(text, found["system"], parse_measure(found["measure"].strip()), found["sign"], bound)


def gated_system(gate: Gate, systems: list[str]) -> str:
    """Return which of the systems the gate is about. Raises InputError when it is none of them, or could be several."""
    if gate.system is not None and gate.system not in systems:
        raise InputError(f"gate '{gate.text}': '{gate.system}' is not among the systems: {', '.join(systems)}")
    if gate.system is None and DEFAULT_SYSTEM not in systems and len(systems) > 1:
        raise InputError(f"gate '{gate.text}' names no system; expected for instance '{systems[0]}:{gate.text}'")
    return gate.system or (DEFAULT_SYSTEM if DEFAULT_SYSTEM in systems else systems[0])


def check_gate(gate: Gate, report: Report) -> Passed:
    """Return what the gate found in a report that has its measure."""
    system = gated_system(gate, list(report.measured))
    return Passed(gate, system, report.measured[system].summaries[gate.measure.name].mean)
