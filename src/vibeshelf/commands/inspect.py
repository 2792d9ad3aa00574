"""`vibeshelf doctor` and `gate`: what is here, and how well it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from vibeshelf.commands.frame import FINE, NO, command, print_json


def add_doctor(commands: Any) -> None:
    command(commands, "doctor", _doctor, "Show machine, devices, backends, versions and what is missing.", "vibeshelf doctor --json")


def _doctor(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.doctor import examine

    report = examine(load_settings())
    if arguments.json:
        print_json(report)
    else:
        print("\n".join(_readable(report)))
    return FINE if report["status"] == "pass" else NO


def _readable(content: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield nested facts as indented lines; what is not known or empty is left out."""
    for name, value in content.items():
        if value in (None, [], {}):
            continue
        if name == "gates":
            yield f"{indent}gate, measured {value[0]['measured_at']}:"
            yield from (f"{indent}  {_gate_line(gate)}" for gate in value)
        elif isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _readable(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{name}: {'; '.join(_in_words(each) for each in value)}"
        else:
            yield f"{indent}{name}: {value}"


def _gate_line(gate: Mapping[str, Any]) -> str:
    variant = gate["variant"]
    speed = "" if gate["documents_per_second"] is None else f"{gate['documents_per_second']:.0f} documents/s, "
    return f"{gate['verdict']:9} {variant['backend']} {variant['precision']} on {variant['device']}: {speed}{gate['reason']}"


def _in_words(value: Any) -> str:
    return ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, dict) else str(value)


def add_gate(commands: Any) -> None:
    parser = command(
        commands, "gate", _gate, "Compare every backend and precision with the reference, so that auto may choose.", "vibeshelf gate --json"
    )
    parser.add_argument("--model", metavar="NAME", help="default: VIBESHELF_MODEL")


def _gate(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.fidelity import measure

    results = measure(load_settings(), arguments.model, lambda line: print(line, file=sys.stderr))
    if arguments.json:
        print_json([asdict(result) for result in results])
    return FINE
