"""What this machine is, as far as it decides how quick something is on it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vibeshelf.adapters.encoders.gates import machine_name
from vibeshelf.adapters.encoders.graph_encoder import usable_cores

__all__ = ["cores", "governor", "load", "machine_label", "memory_bytes", "processor", "python", "system", "usable_cores", "versions"]
_PACKAGES = ("vibeshelf", "torch", "sentence-transformers", "onnxruntime", "openvino", "tokenizers", "chromadb", "numpy")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def machine_label(accelerators: Mapping[str, str]) -> str:
    """Return how a machine is called: its processor, the cores that this process may use, its accelerators."""
    name = machine_name()
    if usable_cores() < cores():
        name = f"{name.rpartition(', ')[0]}, {usable_cores()} of {cores()} cores"
    return ", ".join([name, *dict.fromkeys(accelerators.values())])


def processor() -> str:
    """Return the processor's name."""
    return machine_name().split(",")[0]


def cores() -> int:
    """Return the cores that the machine has; a process may be held to fewer of them."""
    return os.cpu_count() or 1


def system() -> str:
    """Return the operating system."""
    return platform.platform()


def python() -> str:
    """Return Python's version."""
    return platform.python_version()


def memory_bytes() -> int:
    """Return the physical memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def governor() -> str | None:
    """Return what steers the processor's frequency, or None where the machine does not tell."""
    try:
        return _GOVERNOR.read_text(encoding="utf-8").strip()
    except OSError:
        return None


def load() -> float:
    """Return how many processes were ready to run, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Return the versions of what is installed of the libraries that the figures depend on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
