#!/bin/sh
# Take out of an environment what serving never opens. Usage: scripts/prune.sh FOLDER
# Tests, headers and stubs of packages; of pyarrow the parts for networks and clouds; pip and uv, which have done their work.
set -eu
venv=$(cd "$1" && pwd)
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
case $site in "$venv"/*) ;; *) echo "prune: $venv is no environment of its own (its packages are in $site)" >&2; exit 2 ;; esac

cd "$site"
rm -rf pip pip-* uv uv-* uv_build uv_build-* setuptools setuptools-* pkg_resources "$venv"/bin/uv* "$venv"/bin/pip*
find . -type d \( -name tests -o -name include \) -not -path './streamlit/*' -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h' -o -name '*.hpp' \) -delete
rm -rf pyarrow/libarrow_flight* pyarrow/_flight* pyarrow/libarrow_substrait* pyarrow/_substrait* pyarrow/libarrow_s3* pyarrow/_s3fs* pyarrow/src
rm -rf onnxruntime/transformers onnxruntime/quantization chromadb/test
# What packages bring for Jupyter and for manual pages.
rm -rf "$venv/share" "$venv/etc" "$venv/include"
find . -type d -name __pycache__ -prune -exec rm -rf {} +
