# syntax=docker/dockerfile:1
# Three targets: `serve` (no torch; the exported model and the starter collection inside), `full` (torch for the CPU), `cuda`.
#   docker build --target serve -t vibeshelf .          docker run -p 8501:8501 vibeshelf
# What the steps do is in scripts/, the same that `make setup` calls; layers stand in the order in which they rarely change.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH HOME=/tmp VIBESHELF_DATA_DIR=/data PORT=8501
WORKDIR /app

FROM base AS locked
# On arm64 one package (pytrec-eval-terrier) comes as C source; the compiler stays behind in this stage.
# hadolint ignore=DL3008
RUN if [ "$(uname -m)" = aarch64 ]; then \
        apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*; \
    fi
COPY LICENSE LICENSE-CATALOGUE README.md pyproject.toml requirements*.lock ./
COPY scripts ./scripts
COPY src/vibeshelf/__init__.py ./src/vibeshelf/__init__.py

FROM locked AS serve-venv
RUN --mount=type=cache,target=/tmp/.cache VENV=/venv scripts/setup.sh serve && scripts/prune.sh /venv

FROM locked AS full-venv
RUN --mount=type=cache,target=/tmp/.cache VENV=/venv scripts/setup.sh run

FROM locked AS cuda-venv
RUN --mount=type=cache,target=/tmp/.cache VENV=/venv VIBESHELF_TORCH=cu130 scripts/setup.sh run

FROM full-venv AS baked
COPY src ./src
RUN VENV=/venv scripts/bake.sh /data && chown -R 1000:1000 /data

FROM base AS app
COPY --from=baked /data /data
COPY .streamlit ./.streamlit
COPY LICENSE LICENSE-CATALOGUE README.md pyproject.toml requirements*.lock app.py ./
COPY static ./static
COPY pages ./pages
COPY src ./src
USER 1000:1000
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/_stcore/health', timeout=2)"]
CMD ["vibeshelf", "app", "--address", "0.0.0.0"]

FROM app AS cuda
COPY --from=cuda-venv /venv /venv

FROM app AS full
COPY --from=full-venv /venv /venv

FROM app AS serve
COPY --from=serve-venv /venv /venv
