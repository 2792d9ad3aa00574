"""`vibeshelf collections`, `doctor` and `gate`: what is here, and how well it runs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from vibeshelf.commands.frame import FINE, NO, command, print_json


def add_collections(commands: Any) -> None:
    command(commands, "collections", _collections, "List the collections with their manifests.", "vibeshelf collections --json")


def _collections(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.index import Store
    from vibeshelf.adapters.manifests import public_manifest
    from vibeshelf.core.settings import load_settings

    found = Store(load_settings()).collections()
    if arguments.json:
        print_json(
            [{"collection": info.name, "count": info.count, "manifest": info.manifest and public_manifest(info.manifest)} for info in found]
        )
        return FINE
    for info in found:
        manifest = info.manifest
        made = (
            f"{manifest.encoder.model}, {manifest.encoder.dimension}-d, {manifest.built_at}{'' if manifest.complete else ', NOT COMPLETE'}"
            if manifest
            else "not made by Vibeshelf"
        )
        print(f"{info.name}: {info.count:,} books ({made})")
    if not found:
        print("no collection yet. Make one: vibeshelf ingest starter")
    return FINE


def add_doctor(commands: Any) -> None:
    command(commands, "doctor", _doctor, "Show machine, devices, backends, versions and what is missing.", "vibeshelf doctor --json")


def _doctor(arguments: argparse.Namespace) -> int:
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.doctor import examine

    report = examine(load_settings())
    if arguments.json:
        print_json(report)
    else:
        for section, content in report.items():
            print(f"{section}: {json.dumps(content, ensure_ascii=False)}")
    return FINE if report["status"] == "pass" else NO


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
