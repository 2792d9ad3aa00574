"""What many tests share: settings in a folder of their own, the real model loaded once, the outside data when it is there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog import STARTER, open_source
from vibeshelf.adapters.encoders import Encoder, open_encoder
from vibeshelf.core.settings import Settings, load_settings
from vibeshelf.services.ingest import IngestOptions, ingest
from vibeshelf.services.shelf import Shelf, open_shelf

ROOT = Path(__file__).resolve().parents[1]
# The export of the real model takes ten seconds to make; it is kept beside the environment that made it.
MODEL_CACHE = Path(sys.prefix) / "test-models"
# So is the starter collection, which takes half a minute, as long as nothing changes that it is made of or by.
STARTER_CACHE = Path(sys.prefix) / "test-starter"
_KEPT_STARTERS = 3


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VIBESHELF_") and name != "VIBESHELF_TEST_DATA"]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _one_export(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where tests run side by side, the first process exports the model and the others wait: no test reads a half of it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    MODEL_CACHE.mkdir(exist_ok=True)
    with (MODEL_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        open_encoder(settings_in(tmp_path_factory.mktemp("export")), may_export=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's own; exported models are shared."""
    return settings_in(tmp_path / "data")


def settings_in(data_dir: Path, **overrides: object) -> Settings:
    data_dir.mkdir(parents=True, exist_ok=True)
    MODEL_CACHE.mkdir(exist_ok=True)
    if not (data_dir / "models").exists():
        (data_dir / "models").symlink_to(MODEL_CACHE)
    return load_settings(data_dir=data_dir, **overrides)


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """The real default model on its fast path."""
    return open_encoder(settings_in(tmp_path_factory.mktemp("minilm")), may_export=True)


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The starter collection on the real model, made once by the command; tests only read it."""
    made = settings_in(tmp_path_factory.mktemp("starter") / "data")
    STARTER_CACHE.mkdir(exist_ok=True)
    with (STARTER_CACHE / "lock").open("w") as lock:
        # Tests that run side by side wait for the first that makes it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = STARTER_CACHE / _state()
        if not kept.is_dir():
            _make_starter(settings_in(tmp_path_factory.mktemp("making") / "data"), kept)
        copy_collections(kept, made.data_dir)
    return open_shelf(STARTER, settings=made)


def copy_collections(source: Path, target: Path) -> None:
    """Copy all collections of a data folder into another, where there are none."""
    for name in ("chroma", "mirrors"):
        shutil.copytree(source / name, target / name)


def _make_starter(settings: Settings, kept: Path) -> None:
    """Ingest the starter collection, keep it, and let those of older programs go."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("VIBESHELF_")}
    command = [sys.executable, "-m", "vibeshelf.cli", "ingest", STARTER]
    subprocess.run(
        command, cwd=ROOT, env={**env, "VIBESHELF_DATA_DIR": str(settings.data_dir)}, stdout=subprocess.DEVNULL, check=True, timeout=280
    )
    open_shelf(STARTER, settings=settings).store.close()
    for old in sorted(STARTER_CACHE.glob("*/"), key=lambda path: path.stat().st_mtime)[:-_KEPT_STARTERS]:
        shutil.rmtree(old)
    (settings.data_dir / "models").unlink()
    half = kept.with_name("half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(settings.data_dir, half)
    half.rename(kept)


def _state() -> str:
    """Return what names the program: its code and data, the libraries, the Python."""
    found = hashlib.sha256(sys.version.encode())
    for path in [*sorted(path for path in (ROOT / "src").rglob("*") if path.is_file()), ROOT / "requirements.lock"]:
        if path.suffix not in (".pyc", ".css", ".js"):
            found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:20]


@pytest.fixture(scope="session")
def fake_starter(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The starter books on a fake encoder: quick, for tests that need books and not a model; tests only read it."""
    made = settings_in(tmp_path_factory.mktemp("fake-starter") / "data")
    encoder = FakeEncoder()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("ingest", "shelf"):
            patch.setattr(f"vibeshelf.services.{module}.open_encoder", lambda *_, **__: encoder)
        ingest(open_source(STARTER), made, IngestOptions(STARTER))
        return open_shelf(STARTER, settings=made)


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """The folder of real data sets, which is no part of the project."""
    folder = Path(os.environ.get("VIBESHELF_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}; set VIBESHELF_TEST_DATA to run this")
    return folder
