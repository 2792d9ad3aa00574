#!/bin/sh
# Make or refresh the environment in .venv. Usage: scripts/setup.sh [run|dev|serve]
#   run    what the app needs;  dev  that, with the tools of `make test`;
#   serve  without torch: answers searches with a model that was exported elsewhere.
# Variables: PYTHON (the interpreter to use), VIBESHELF_TORCH (cpu, or a CUDA build such as cu130), EXTRAS (openvino),
# VENV (another folder than .venv).
set -eu
cd "$(dirname "$0")/.."
want=${1:-run}
torch_build=${VIBESHELF_TORCH:-cpu}
venv=${VENV:-.venv}
lock=requirements.lock
[ "$want" != serve ] || lock=requirements-serve.lock

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

fingerprint() {
    cat requirements*.lock pyproject.toml scripts/setup.sh
    printf '%s %s %s %s' "$torch_build" "${PYTHON:-}" "${EXTRAS:-}" "$(pwd)"
}
sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-64; }
current=$(fingerprint | sum)
done_already() { [ -f "$venv/.setup-$1" ] && [ "$(cat "$venv/.setup-$1")" = "$current" ]; }
if done_already "$want" || { [ "$want" = run ] && done_already dev; }; then exit 0; fi

find_python() {
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    return 1
}
# A locked block is "name==version \" and its hash lines; these pick one block, or all but torch's.
block() { awk -v name="$1" '/^[a-z0-9]/ { keep = index($0, name "==") == 1 } keep && !/^ *#/' "$2"; }
without_torch() { awk '/^[a-z0-9]/ { keep = index($0, "torch==") != 1 } keep && !/^ *#/' "$lock"; }

python=$(find_python) || die "no Python 3.11, 3.12 or 3.13 with venv was found; install one, or set PYTHON=/path/to/python"
venv_is_usable() { [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null && [ "$(cat "$venv/.at" 2>/dev/null)" = "$(pwd)" ]; }
if ! venv_is_usable; then
    say "creating $venv with $python"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pwd >"$venv/.at"
fi
venv=$(cd "$venv" && pwd)

block uv requirements-dev.lock >"$venv/uv.txt"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$venv/uv.txt"
uv() { UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}" VIRTUAL_ENV="$venv" "$venv/bin/uv" --quiet "$@"; }

install_torch() {
    version=$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' requirements.lock)
    if [ "$(uname -s)" = Darwin ]; then
        uv pip install --no-deps "torch==$version"
        return
    fi
    build="torch==$version+$torch_build"
    if "$venv/bin/python" -c "import importlib.metadata as m, sys; sys.exit(m.version('torch') != '$version+$torch_build')" 2>/dev/null; then return; fi
    index="https://download.pytorch.org/whl/$torch_build"
    say "installing $build"
    deps=--no-deps
    [ "$torch_build" = cpu ] || deps=
    # Asked once, briefly: where PyTorch's index cannot be reached, what pip is set up to find must do.
    if "$venv/bin/python" -c "import urllib.request as u; u.urlopen('$index/torch/', timeout=5)" 2>/dev/null &&
        uv pip install $deps --index-url "$index" "$build"; then return; fi
    uv pip install $deps "$build" ||
        die "found no $build: neither $index nor the folders of PIP_FIND_LINKS have it. Run again with a network, or put its wheel in a folder and set PIP_FIND_LINKS"
}
[ "$want" = serve ] || install_torch
say "installing the locked packages"
without_torch >"$venv/locked.txt"
uv pip install --no-deps --require-hashes -r "$venv/locked.txt"
if [ "$want" = dev ]; then uv pip install --no-deps --require-hashes -r requirements-dev.lock; fi
for extra in ${EXTRAS:-}; do
    [ -f "requirements-$extra.lock" ] || die "EXTRAS names '$extra'; known: openvino"
    uv pip install --no-deps --require-hashes -r "requirements-$extra.lock"
done
block uv-build requirements-dev.lock >"$venv/build.txt"
uv pip install --no-deps --require-hashes -r "$venv/build.txt"
uv pip install --no-deps --no-build-isolation --editable .
printf '%s' "$current" >"$venv/.setup-$want"
say "ready: $venv ($want)"
