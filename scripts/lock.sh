#!/bin/sh
# Refresh the universal, hashed locks from pyproject.toml. Usage: scripts/lock.sh [--upgrade]
# PyPI's torch asks for CUDA packages on Linux; they are left out, see scripts/setup.sh for how torch itself is installed.
set -eu
cd "$(dirname "$0")/.."
no_cuda=
for name in $(cat scripts/cuda-packages.txt); do no_cuda="$no_cuda --no-emit-package $name"; done
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" $no_cuda "$@"; }
compile pyproject.toml -o requirements.lock "$@"
compile pyproject.toml --group dev --constraint requirements.lock -o .venv/all.lock "$@"
# What only the tools need: every block of the whole that the runtime lock does not have.
{
    echo "# What \`make test\` needs beside requirements.lock; made by \`make lock\`."
    awk 'NR == FNR { have[$0] = 1; next }
         /^[a-z0-9]/ { keep = !($0 in have) } keep && !/^ *#/' requirements.lock .venv/all.lock
} >requirements-dev.lock
