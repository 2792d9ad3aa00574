"""What the locks weigh once installed, package by package, against the budget that `make test` holds.

`python -m eval.footprint` prints the table for this machine's environment; `--prune` also makes a serving environment of its own,
prunes it as the Dockerfile does, and measures the time from a warm package cache.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"serve": "requirements-serve.lock", "full": "requirements.lock"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prune", action="store_true", help="also make, prune and measure a serving environment")
    prune = parser.parse_args().prune
    for name, lock in LOCKS.items():
        sizes = installed_bytes(ROOT / lock)
        largest = sorted(sizes.items(), key=lambda each: -each[1])[:12]
        print(f"{name}: {len(sizes)} packages, {sum(sizes.values()) / 1e6:,.0f} MB; budget {json.dumps(budget()[name])}")
        print("  " + ", ".join(f"{package} {size / 1e6:.0f}" for package, size in largest))
    if prune:
        measure_serving()


def measure_serving() -> None:
    with tempfile.TemporaryDirectory(prefix="vibeshelf-serve-") as folder:
        started = time.perf_counter()
        env = {**os.environ, "VENV": folder + "/venv"}
        subprocess.run([ROOT / "scripts" / "setup.sh", "serve"], env=env, check=True)
        seconds, before = time.perf_counter() - started, tree_bytes(Path(folder))
        subprocess.run([ROOT / "scripts" / "prune.sh", folder + "/venv"], check=True)
        print(f"serve, installed in {seconds:.1f} s: {before / 1e6:,.0f} MB, pruned {tree_bytes(Path(folder)) / 1e6:,.0f} MB")


def tree_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def packages_of(lock: Path) -> list[str]:
    """Return the names that a lock pins, once each."""
    return list(dict.fromkeys(re.findall(r"^([a-z0-9][a-z0-9.\-]*)==", lock.read_text(encoding="utf-8"), re.MULTILINE)))


def installed_bytes(lock: Path) -> Mapping[str, int]:
    """Return package -> bytes of its files as they are installed here; packages of other platforms are left out."""
    sizes = {}
    for package in packages_of(lock):
        try:
            files = distribution(package).files or []
        except PackageNotFoundError:
            continue
        # A file that the wheel did not bring (compiled Python) has no recorded size.
        sizes[package] = sum(file.size or 0 for file in files)
    return sizes


def budget() -> dict[str, dict[str, int]]:
    """Return what each lock may come to: packages that it may pin, and MB once installed on x86-64 Linux."""
    found: dict[str, dict[str, int]] = json.loads((ROOT / "eval" / "budget.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
