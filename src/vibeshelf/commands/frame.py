"""What every command shares: its parser, the exit codes, and how it prints."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any, NoReturn

Handler = Callable[[argparse.Namespace], int]
FINE, NO, BAD_INPUT, STOPPED = 0, 1, 2, 130


class Parser(argparse.ArgumentParser):
    """A parser that refuses in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {' '.join(message.split())}. See: {self.prog} --help\n")


def command(commands: Any, name: str, handler: Handler, help_line: str, example: str) -> argparse.ArgumentParser:
    """Add a command with its help, an example, --json and --debug; return its parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help_line, description=help_line, epilog=f"example:\n  {example}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
    parser.set_defaults(handler=handler)
    return parser


def encoder_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="a hub name or a sentence-transformers folder (default: the collection's own)")
    parser.add_argument("--backend", help="auto, torch, onnx or openvino (default: VIBESHELF_BACKEND)")
    parser.add_argument("--device", help="auto, cpu, cuda or mps (default: VIBESHELF_DEVICE)")


def print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))
