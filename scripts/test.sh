#!/bin/sh
# Every test. Usage: scripts/test.sh [pytest's arguments]
# The browser tests need Chromium. Where it is missing and may be installed (CI on Debian), it is; elsewhere they say that they were skipped.
set -eu
cd "$(dirname "$0")/.."
have_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
if [ -n "${CI:-}" ] && ! have_chromium && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing chromium for the browser tests" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null || echo "test: chromium cannot be had; the browser tests will be skipped" >&2
fi
# Two at a time, whole files to each, so that what a file sets up is set up once, and in the order of the files: the browser's are the
# long ones, and begin first. Arguments of one's own run as they are said.
[ $# -gt 0 ] || set -- -n 2 --dist loadfile --no-loadscope-reorder
exec .venv/bin/python -m pytest "$@"
