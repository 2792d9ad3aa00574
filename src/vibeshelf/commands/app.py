"""`vibeshelf app`: the starter collection, then the pages."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any

from vibeshelf.commands.bar import Bar
from vibeshelf.commands.frame import command
from vibeshelf.core.errors import InputError


def add_app(commands: Any) -> None:
    parser = command(commands, "app", _app, "Serve the app, with the starter collection made first.", "PORT=8502 vibeshelf app")
    parser.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1, this machine only")


def _app(arguments: argparse.Namespace) -> int:
    from vibeshelf.adapters.catalog import STARTER, open_source
    from vibeshelf.core.settings import load_settings
    from vibeshelf.services.ingest import IngestOptions, ingest

    port = _free_port(arguments.address, os.environ.get("PORT", "8501"))
    page = _page()
    settings = load_settings()
    with Bar() as bar:
        report = ingest(open_source(STARTER), settings, IngestOptions(STARTER), bar.show)
    print(f"Vibeshelf: {report.tally.read:,} books in '{STARTER}', http://{arguments.address}:{port}", file=sys.stderr, flush=True)
    streamlit = [str(page), "--server.address", arguments.address, "--server.port", str(port)]
    if arguments.address == "0.0.0.0":
        # Streamlit would ask a server on the internet for this machine's address, only to print it.
        streamlit += ["--browser.serverAddress", "localhost"]
    # Streamlit reads its configuration from the folder it is started in.
    os.environ["VIBESHELF_DATA_DIR"] = str(settings.data_dir)
    os.chdir(page.parent)
    if report.tally.encoded:
        # A process of its own gives back the memory that encoding took.
        os.execv(sys.executable, [sys.executable, "-m", "vibeshelf.ui.serve", *streamlit])
    from vibeshelf.ui.serve import main

    main(streamlit)
    return 0


def _free_port(address: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise InputError(f"PORT is '{text}'; expected a number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, int(text)))
        except OSError as error:
            raise InputError(
                f"port {text} on {address} cannot be used ({error.strerror}). Choose another: PORT={int(text) % 65535 + 1} make run"
            ) from None
    return int(text)


def _page() -> Path:
    candidates = [Path.cwd() / "app.py", Path(__file__).resolve().parents[3] / "app.py"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputError("app.py was not found; run this in a checkout of Vibeshelf")
