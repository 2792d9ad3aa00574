"""The `vibeshelf` command: parse, call one service, print."""

from __future__ import annotations

import os
import sqlite3
import sys
import traceback
from collections.abc import Sequence

from vibeshelf import __version__
from vibeshelf.commands.app import add_app
from vibeshelf.commands.artifacts import add_artifacts
from vibeshelf.commands.bench import add_bench
from vibeshelf.commands.collections import add_collections, add_logbook
from vibeshelf.commands.evaluate import add_evaluate
from vibeshelf.commands.frame import BAD_INPUT, FINE, STOPPED, Parser
from vibeshelf.commands.health import add_health
from vibeshelf.commands.ingest import add_ingest
from vibeshelf.commands.inspect import add_doctor, add_gate
from vibeshelf.commands.judge import add_judge
from vibeshelf.commands.search import add_search
from vibeshelf.core.errors import VibeshelfError

_COMMANDS = (
    add_ingest,
    add_search,
    add_evaluate,
    add_judge,
    add_health,
    add_collections,
    add_logbook,
    add_doctor,
    add_gate,
    add_bench,
    add_artifacts,
    add_app,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 fine, 1 the answer is no, 2 bad input in one line."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.handler(arguments)
        sys.stdout.flush()
        return code
    except VibeshelfError as error:
        return _complain(str(error))
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FINE
        return _complain(f"the system refused: {error}")
    except KeyboardInterrupt:
        _complain("stopped; what was stored is kept, the same command goes on from there")
        return STOPPED
    except Exception as error:
        # The last resort: a defect of ours. One line for the user; --debug shows all of it.
        if arguments.debug:
            traceback.print_exc()
        return _complain(f"unexpected {type(error).__name__}: {str(error)[:300]} (--debug shows where)")
    except BaseException as error:
        # Panics of libraries written in Rust derive from BaseException, and their class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return _complain(f"a library failed: {str(error)[:300]}")


def _complain(line: str) -> int:
    # What people typed is part of many messages, with its line breaks.
    print(f"vibeshelf: {' '.join(line.split())}", file=sys.stderr)
    return BAD_INPUT


def _parser() -> Parser:
    parser = Parser(prog="vibeshelf", description="Find books by vibe, and see how good, fast and healthy the search is.")
    parser.add_argument("--version", action="version", version=f"vibeshelf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for add in _COMMANDS:
        add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
