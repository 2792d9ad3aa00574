"""An ingest begun from the page: one at a time in a process, watched and called off by whoever is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from vibeshelf.adapters.catalog import open_source
from vibeshelf.core.errors import Cancelled, VibeshelfError
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, IngestReport, ingest
from vibeshelf.ui import resources
from vibeshelf.ui.jobs import Job
from vibeshelf.ui.text import plain

KEY = "ingest"
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be ingested. `path` is a file here or the word `starter`; `folder` is to be removed afterwards, where there is one."""

    path: str
    called: str
    collection: str
    model: str | None = None
    folder: Path | None = None


def job() -> Job[IngestReport] | None:
    """Return the ingest of this process, running or ended; None before the first."""
    return resources.jobs().get(KEY)


def begin(asked: Asked) -> None:
    """Start an ingest, unless one runs."""
    running = job()
    if running is None or running.ended:
        resources.jobs()[KEY] = Job(f"{asked.called} into '{asked.collection}'", _work(resources.settings(), asked)).start()
    elif asked.folder is not None:
        shutil.rmtree(asked.folder, ignore_errors=True)


def keep_upload(settings: Settings, name: str, data: bytes) -> tuple[str, Path]:
    """Put what a browser sent on the disk of the data; return the file's path and the folder to remove afterwards."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=settings.data_dir, prefix=".upload-"))
    path = folder / name
    path.write_bytes(data)
    return str(path), folder


@st.fragment(run_every=_LOOK_SECONDS)
def watch(running: Job[IngestReport]) -> None:
    """Draw how far an ingest is and the button that stops it; the whole page is drawn again when it has ended."""
    if running.ended:
        resources.forget_collections()
        st.rerun()
    share = min(running.done / running.total, 1.0) if running.total else 0.0
    rows = f"{running.done:,} of about {running.total:,} rows" if running.total else "opening the model and the file"
    st.progress(share, text=plain(f"{running.key}: {rows}"))
    st.button("Stop", key="ingest-stop", icon=":material/stop:", on_click=running.stop)
    st.caption("Stopping keeps what was stored; it ends after the batch that is being encoded. You may leave this page meanwhile.")


def _work(settings: Settings, asked: Asked) -> Callable[[Callable[[int, int], None], Callable[[], bool]], IngestReport]:
    def carry_out(tell: Callable[[int, int], None], cancelled: Callable[[], bool]) -> IngestReport:
        def told(rows: int, fraction: float) -> None:
            if cancelled():
                raise Cancelled("stopped from the page")
            tell(rows, max(rows, round(rows / fraction)) if fraction else rows)

        try:
            return ingest(open_source(asked.path), settings, IngestOptions(asked.collection, asked.model), told)
        except Cancelled:
            raise
        except VibeshelfError as error:
            # Of the folder that the file was put in the visitor knows nothing.
            raise VibeshelfError(str(error).replace(f"{asked.folder}/", "") if asked.folder else str(error)) from error
        finally:
            if asked.folder is not None:
                shutil.rmtree(asked.folder, ignore_errors=True)

    return carry_out
