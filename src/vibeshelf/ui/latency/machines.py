"""Whose results are shown: this machine's, those of others, and files that bring more."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from vibeshelf.core.errors import SourceError, VibeshelfError
from vibeshelf.services.latency import IMPORTED, Measured, forget, import_result
from vibeshelf.ui import resources
from vibeshelf.ui.latency.words import NOT_MEASURED, facts_of
from vibeshelf.ui.layout import show_error
from vibeshelf.ui.text import plain

# Shown before anybody chose.
_AT_FIRST, _AT_MOST = 3, 6
_ONE = "machine"


def machine_box(found: Sequence[Measured]) -> list[Measured]:
    """Ask which machines are shown, this one and a few others at first, and return them in the order of the list."""
    if len(found) < 2:
        return list(found)
    names = {each.label: each for each in found}
    chosen = st.multiselect(
        "Machines", list(names), default=list(names)[:_AT_FIRST], key="machines", max_selections=_AT_MOST,
        help="Each result stands for itself: figures of two machines are never put together.",
    )  # fmt: skip
    return [names[name] for name in chosen]


def one_machine(found: Sequence[Measured]) -> Measured:
    """Ask which of the shown machines the rest of the page is about, where there is a choice."""
    if len(found) == 1:
        return found[0]
    names = {each.label: each for each in found}
    if st.session_state.get(_ONE) not in names:
        st.session_state.pop(_ONE, None)
    return names[str(st.selectbox("One machine in detail", list(names), key=_ONE))]


def imports(found: Sequence[Measured], errors: Sequence[VibeshelfError]) -> None:
    """Draw where files come in and go, with the line of each that could not be read."""
    for error in errors:
        show_error(error)
    with st.expander("Results of other machines", icon=":material/devices:"):
        st.caption("On the other machine: `vibeshelf bench --out here.latency.jsonl`. Then bring the file.")
        with st.form("import", clear_on_submit=True, border=False):
            file = st.file_uploader("A result of `vibeshelf bench`", key="bench-file")
            if st.form_submit_button("Import", key="import-file", icon=":material/upload:") and file is not None:
                _take_in(file.name, file.getvalue())
        for each in found:
            if each.origin == IMPORTED:
                st.button(
                    f"Remove {plain(each.label)}", key=f"remove-{each.path.name}", icon=":material/delete:", on_click=_remove, args=(each,)
                )
    if said := st.session_state.pop("import-said", None):
        st.success(plain(said), icon=":material/check:")


def devices_not_measured(found: Sequence[Measured]) -> None:
    """Say of which kinds of device there is no result."""
    devices = {engine.device.partition(":")[0] for each in found for engine in each.result.engines}
    missing = [name for name, device in (("CUDA", "cuda"), ("MPS (Apple)", "mps")) if device not in devices]
    if missing:
        st.caption(f"{' and '.join(missing)}: {NOT_MEASURED}. A result of a machine that has one can be imported below.")


def details(found: Sequence[Measured]) -> None:
    """Draw everything that was recorded about each result."""
    with st.expander("How these were measured", icon=":material/info:"):
        for each in found:
            st.markdown(f"**{plain(each.label)}**")
            st.caption("  \n".join(plain(line) for line in _lines(each)))


def _lines(measured: Measured) -> list[str]:
    of = measured.result.environment
    samples = sum(each.n for each in measured.result.samples)
    warm_up = sum(each.warm_up for each in measured.result.samples)
    lines = [
        f"{of.platform}, Python {of.python}, {of.usable_cores} of {of.cores} cores, {of.memory_bytes / 2**30:.0f} GiB memory",
        f"governor {of.governor or 'not told by this machine'}, load average {of.load_before:.2f} before and {of.load_after:.2f} after",
        f"{samples:,} samples kept, after {warm_up:,} calls to warm up that are not among them, in {of.run_seconds:.0f} s",
        "threads: " + (", ".join(f"{engine} {count}" for engine, count in of.threads.items()) or NOT_MEASURED),
        ", ".join(f"{name} {number}" for name, number in of.versions.items()),
        f"model {of.model}, fingerprint {of.fingerprint[:12]}",
    ]
    if of.accelerators:
        lines.append(", ".join(f"{device}: {name}" for device, name in of.accelerators.items()))
    lines += [f"{NOT_MEASURED}: {each.what}: {each.reason}" for each in measured.result.not_measured]
    return [*lines, facts_of(measured)]


def _take_in(name: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="vibeshelf-upload-") as folder:
        path = Path(folder) / "result.jsonl"
        path.write_bytes(data)
        try:
            measured = import_result(resources.settings(), path)
        except SourceError as error:
            show_error(SourceError(str(error).replace(str(path), name.rpartition("/")[2])))
            return
    st.session_state["import-said"] = f"Imported: {measured.label}, {measured.result.environment.measured_at}"
    st.session_state.pop("machines", None)
    resources.forget_bench_results()
    st.rerun()


def _remove(measured: Measured) -> None:
    forget(measured)
    st.session_state.pop("machines", None)
    resources.forget_bench_results()
