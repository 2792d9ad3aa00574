#!/bin/sh
# Make a data folder that answers at once, offline: the exported model and the starter collection. Usage: scripts/bake.sh FOLDER
# Needs the environment of `make setup` (VENV, default .venv), which has torch to export with; what it leaves needs none.
set -eu
cd "$(dirname "$0")/.."
folder=$1
export VIBESHELF_DATA_DIR="$folder"
"${VENV:-.venv}/bin/vibeshelf" ingest starter
"${VENV:-.venv}/bin/vibeshelf" search "a slow, melancholy lighthouse story" -k 1
# The graph as it was traced is only for other runtimes, and torch's hashes only for torch's files.
rm -f "$folder"/models/*/onnx-fp32/plain.onnx* "$folder"/models/file-hashes.json
chmod -R a+rX "$folder"
