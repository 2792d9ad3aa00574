"""Artifacts on the S3 API, spoken by a server of its own process: the same as in a folder, and through a connection that breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf
from tests.conftest import settings_in
from tests.cut_proxy import cut_after
from tests.servers import free_port, wait_until_it_answers
from vibeshelf.adapters.artifacts import ArtifactStore, open_artifacts
from vibeshelf.core.errors import StorageError
from vibeshelf.core.settings import Settings
from vibeshelf.services.artifacts.moving import pull, push, verify
from vibeshelf.services.shelf import Shelf

missing = [name for name in ("s3fs", "moto", "flask") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"no S3 here, not installed: {', '.join(missing)}; the dev group has them")
ACCOUNT = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
FILE_BYTES = 300_000


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    """The port of a server that speaks the S3 API, with a bucket `shelf`."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, **ACCOUNT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/moto-api/", process)
        store_at(f"http://127.0.0.1:{port}", "").make_bucket()
        yield port
    finally:
        process.terminate()
        process.wait(20)


class Bucket(ArtifactStore):
    """A store that can also make its bucket and damage what is in it, as accidents do."""

    def make_bucket(self) -> None:
        self._files.mkdir("shelf")

    def flip(self, sha256: str) -> None:
        path = f"{self._root}/objects/{sha256[:2]}/{sha256}"
        data = bytearray(self._files.cat_file(path))
        data[len(data) // 2] ^= 1
        self._files.pipe_file(path, bytes(data))


def store_at(endpoint: str, folder: str) -> Bucket:
    options = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": endpoint}}
    made = open_artifacts(f"s3://shelf/{folder}", config_kwargs={"retries": {"max_attempts": 1}}, **options)
    # How often s3fs itself tries again; one cut is enough here.
    made._files.retries = 2
    return Bucket(made.url, made._files, made._root)


@pytest.fixture
def direct(s3_port: int, tmp_path: Path) -> Bucket:
    return store_at(f"http://127.0.0.1:{s3_port}", tmp_path.name)


@pytest.fixture
def results(settings: Settings) -> Settings:
    settings.runs_dir.mkdir()
    for at in range(6):
        (settings.runs_dir / f"r{at}.run").write_bytes(os.urandom(FILE_BYTES))
    return settings


def test_a_collection_travels_over_s3(fake_starter: Shelf, direct: Bucket, tmp_path: Path) -> None:
    pushed = push(fake_starter.store.settings, direct, "collection", "starter")
    assert push(fake_starter.store.settings, direct, "collection", "starter").sent_files == 0
    assert list(direct.versions()) == [pushed.artifact]
    outcome = pull(settings_in(tmp_path / "here"), direct, "collection", "starter").outcome
    assert outcome["count"] == fake_starter.manifest.count
    assert (verify(direct).problems, direct.leftovers()) == ((), 0)


def test_a_push_goes_on_after_the_connection_was_cut(results: Settings, direct: Bucket, s3_port: int, tmp_path: Path) -> None:
    with cut_after(s3_port, 4 * FILE_BYTES) as proxy:
        cut = store_at(proxy.url, tmp_path.name)
        with pytest.raises(StorageError, match="the same command goes on from there"):
            push(results, cut, "results", "all")
        assert list(direct.versions()) == []
        proxy.allow, proxy.sent = None, 0
        again = push(results, cut, "results", "all")
    assert 1 <= again.sent_files < 6
    # What was there is not sent again: of 6 files, fewer than 5 went over the wire.
    assert proxy.sent < 5 * FILE_BYTES
    assert verify(direct).problems == ()
    assert len(again.artifact.files) == 6


def test_a_pull_goes_on_after_the_server_was_gone(results: Settings, direct: Bucket, s3_port: int, tmp_path: Path) -> None:
    push(results, direct, "results", "all")
    here = settings_in(tmp_path / "here")
    with cut_after(s3_port, None) as proxy:
        cut = store_at(proxy.url, tmp_path.name)

        def cut_at_three(doing: str, done: int, total: int) -> None:
            proxy.allow = 0 if done == 3 else proxy.allow

        with pytest.raises(StorageError, match="does not answer as it should"):
            pull(here, cut, "results", "all", progress=cut_at_three)
        assert not here.runs_dir.exists()
        proxy.allow = None
        assert pull(here, cut, "results", "all").fetched_files == 3
    assert {path.name: path.read_bytes() for path in here.runs_dir.iterdir()} == {
        path.name: path.read_bytes() for path in results.runs_dir.iterdir()
    }


def test_a_flipped_byte_in_an_object_is_found_and_kept_out(results: Settings, direct: Bucket, tmp_path: Path) -> None:
    artifact = push(results, direct, "results", "all").artifact
    direct.flip(artifact.files[4].sha256)
    (problem,) = verify(direct).problems
    assert "runs/r4.run" in problem
    with pytest.raises(StorageError, match="is damaged"):
        pull(settings_in(tmp_path / "here"), direct, "results", "all")
    assert push(results, direct, "results", "all", check=True).sent_files == 1
    assert verify(direct).problems == ()


def call(settings: Settings, store: str, port: int) -> subprocess.CompletedProcess[str]:
    env = {**ACCOUNT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    return vibeshelf(settings.data_dir, "artifacts", "push", "results", "--store", store, timeout=200, **env)


def test_the_command_speaks_to_s3_and_says_in_one_line_when_nobody_answers(results: Settings, s3_port: int, tmp_path: Path) -> None:
    done = call(results, f"s3://shelf/{tmp_path.name}", s3_port)
    assert done.returncode == 0, done.stderr
    assert "sent 6 files" in done.stdout
    assert_one_clear_line(call(results, f"s3://shelf/{tmp_path.name}", free_port()), "does not answer as it should")
    assert_one_clear_line(call(results, "s3://no-such-bucket/x", s3_port), "no-such-bucket", "does not exist")
