"""Repairs from the Health page."""

from __future__ import annotations

from vibeshelf.core.probes import ProbeResult


def repair_button(collection: str, result: ProbeResult) -> None:
    """Draw the button of the repair that mends what a probe found, where there is one."""
