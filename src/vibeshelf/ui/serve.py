"""`python -m vibeshelf.ui.serve PAGE ...`: Streamlit, with what has to be there before the first visitor comes."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.core.settings import load_settings
from vibeshelf.services.monitoring import start_metrics

_log = logging.getLogger("vibeshelf")
_HELPER, _ENDING_SECONDS = "make-ready", 5.0


def main(arguments: Sequence[str]) -> None:
    """Run `streamlit run` with a page and its options."""
    from streamlit.web import cli

    # What is opened before the first visit belongs to no visitor, which Streamlit would warn of at every start.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(_is_of_a_visitor)
    ended = threading.Event()
    helper = threading.Thread(target=_make_ready, args=(ended,), name=_HELPER, daemon=True)
    helper.start()
    # A model that is at work while the interpreter ends brings the process down with messages of its own.
    atexit.register(_end, ended, helper)
    # A monitor is answered from the start: one that is not, until somebody visits, would take the app for dead.
    start_metrics(load_settings())
    sys.argv = ["streamlit", "run", *arguments]
    cli.main()


def _is_of_a_visitor(record: logging.LogRecord) -> bool:
    return record.threadName != _HELPER


def _end(ended: threading.Event, helper: threading.Thread) -> None:
    ended.set()
    helper.join(_ENDING_SECONDS)


def _make_ready(ended: threading.Event) -> None:
    """Open what the first search needs while nobody waits for it, then learn; a visitor who comes meanwhile waits for the same opening."""
    try:
        from vibeshelf.ui.search.results import learn, make_ready

        make_ready()
        if sys.platform == "linux":
            # Of this thread alone, which no other system knows: what follows is for hours when nothing else is to do.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        learn(ended)
    except VibeshelfError as error:
        # Whoever searches is told the same, with what to do.
        _log.warning("%s", error)
    except Exception:  # noqa: BLE001
        _log.exception("opening the collection before the first visit")


if __name__ == "__main__":
    main(sys.argv[1:])
