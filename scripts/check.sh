#!/bin/sh
# Lint, format and types. People and CI run the same.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/ruff check app.py pages src eval tests
.venv/bin/ruff format --check app.py pages src eval tests
.venv/bin/mypy
