# Two commands do everything: `make run` and `make test`. README says what each leaves behind.
PORT ?= 8501
export PORT
VIBESHELF := .venv/bin/vibeshelf

.PHONY: setup setup-dev run check test bench bench-quick lock clean

setup:          ## the environment in .venv/
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

run: setup      ## the app with the starter collection on http://127.0.0.1:$(PORT)
	@$(VIBESHELF) app

check: setup-dev ## lint and types
	@scripts/check.sh

test: check     ## lint, types and every test
	@scripts/test.sh

bench: setup-dev ## every benchmark; long. Results go to eval/results/
	@.venv/bin/python -m eval.bench_ingest
	@.venv/bin/python -m eval.bench_search
	@$(VIBESHELF) ingest starter
	@$(VIBESHELF) bench --out eval/results/latency

bench-quick: setup-dev ## the same in two minutes, on 300 books of the starter catalogue
	@.venv/bin/python -m eval.bench_ingest --quick
	@.venv/bin/python -m eval.bench_search --quick
	@$(VIBESHELF) bench --collection bench-starter-300 --backends torch,onnx --precisions fp32 --queries 20 --batch-sizes 1,8

lock: setup-dev ## refresh the locks from pyproject.toml
	@scripts/lock.sh

clean:          ## remove what was installed and built; data/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
