#!/bin/sh
# Refresh the universal, hashed locks from pyproject.toml. Usage: scripts/lock.sh [--upgrade]
# PyPI's torch asks for CUDA packages on Linux; they are left out, see scripts/setup.sh for how torch itself is installed.
set -eu
cd "$(dirname "$0")/.."
no_cuda=
for name in $(cat scripts/cuda-packages.txt); do no_cuda="$no_cuda --no-emit-package $name"; done
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" --constraint scripts/constraints.txt $no_cuda "$@"; }
compile pyproject.toml -o requirements.lock "$@"
compile pyproject.toml --group dev --constraint requirements.lock -o .venv/all.lock "$@"
compile pyproject.toml --extra openvino --constraint requirements.lock -o .venv/openvino.lock "$@"
# Every block of a larger lock that the runtime lock does not have.
beyond_runtime() {
    echo "# $2 beside requirements.lock; made by \`make lock\`."
    awk 'NR == FNR { have[$0] = 1; next }
         /^[a-z0-9]/ { keep = !($0 in have) } keep && !/^ *#/' requirements.lock "$1"
}
beyond_runtime .venv/all.lock "What \`make test\` needs" >requirements-dev.lock
beyond_runtime .venv/openvino.lock "What \`EXTRAS=openvino make setup\` adds" >requirements-openvino.lock
