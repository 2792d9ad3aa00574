#!/bin/sh
# Refresh the universal, hashed locks from pyproject.toml. Usage: scripts/lock.sh [--upgrade]
# PyPI's torch asks for CUDA packages on Linux; they are left out, see scripts/setup.sh for how torch itself is installed.
set -eu
cd "$(dirname "$0")/.."
# Chroma imports kubernetes only to be a cluster of servers, which this is not.
left_out="--no-emit-package kubernetes"
for name in $(cat scripts/cuda-packages.txt); do left_out="$left_out --no-emit-package $name"; done
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" --constraint scripts/constraints.txt $left_out "$@"; }
compile pyproject.toml --extra full -o requirements.lock "$@"
compile pyproject.toml --extra full --group dev --constraint requirements.lock -o .venv/all.lock "$@"
compile pyproject.toml --extra full --extra openvino --constraint requirements.lock -o .venv/openvino.lock "$@"
compile pyproject.toml --constraint requirements.lock -o requirements-serve.lock "$@"
# Every block of a larger lock that the runtime lock does not have.
beyond_runtime() {
    echo "# $2 beside requirements.lock; made by \`make lock\`."
    awk 'NR == FNR { have[$0] = 1; next }
         /^[a-z0-9]/ { keep = !($0 in have) } keep && !/^ *#/' requirements.lock "$1"
}
beyond_runtime .venv/all.lock "What \`make test\` needs" >requirements-dev.lock
beyond_runtime .venv/openvino.lock "What \`EXTRAS=openvino make setup\` adds" >requirements-openvino.lock
# Streamlit Community Cloud reads requirements.txt beside app.py, on Linux, and knows no locks with a second index.
{
    echo "# What Streamlit Community Cloud installs: requirements.lock with the CPU build of torch; made by \`make lock\`."
    echo "--extra-index-url https://download.pytorch.org/whl/cpu"
    echo "."
    sed -n 's/^torch==\([0-9.]*\).*/torch==\1+cpu/p; t; s/^\([a-z0-9][^ ]*==[^\\]*[^ \\]\) *\\$/\1/p' requirements.lock
} >requirements.txt
