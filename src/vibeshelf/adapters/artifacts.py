"""The one door to a store of artifacts: any place that fsspec reaches, where files lie under the hash of their content.

objects/ab/abcd...                     a file, named by its sha256: the same content is kept once
versions/KIND/NAME/VERSION.json        what a version is, what made it, and which objects it consists of
incoming/...                           what is being sent; it gets its name when its hash was read back and found right
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from vibeshelf.adapters.artifact_index import dump_artifact, load_artifact
from vibeshelf.core.artifacts import Artifact, ArtifactFile
from vibeshelf.core.errors import InputError, SourceError, StorageError, VibeshelfError

Moved = Callable[[int], None]
_BLOCK = 8 << 20
# What raises, below fsspec, errors of its own kinds where a network or an account is the matter.
_TRANSPORTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "azure", "urllib3", "requests"}


class ArtifactStore:
    """A store at an address. Objects are never changed; versions are only added."""

    def __init__(self, url: str, files: Any, root: str) -> None:
        self.url = _without_secret(url)
        self._files, self._root = files, root.rstrip("/")

    def send(self, path: Path, name: str, check: bool = False, moved: Moved | None = None) -> tuple[ArtifactFile, bool]:
        """Store a file as `name` and return it with whether it had to be sent; one that is there and whole is not.

        An object that is there with the right size counts as whole; with `check` it is read and its hash compared.
        What is sent is read back before it gets its name. Raises StorageError where that fails.
        """
        wanted = ArtifactFile(name, path.stat().st_size, hash_of(path))
        if self.problem(wanted, read=check) is None:
            return wanted, False
        self._send(path, wanted)
        if moved:
            moved(wanted.size_bytes)
        return wanted, True

    def fetch(self, file: ArtifactFile, target: Path, moved: Moved | None = None) -> bool:
        """Bring a file to `target` and return whether it had to be fetched; one that is there with the right hash is not.

        Raises StorageError, and leaves nothing at `target`, when what comes is not what was pushed.
        """
        if target.is_file() and hash_of(target) == file.sha256:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as out:
                found = self._read(file, out)
            if found != file.sha256:
                raise StorageError(self._damaged(file, found))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        if moved:
            moved(file.size_bytes)
        return True

    def problem(self, file: ArtifactFile, read: bool = True) -> str | None:
        """Return what is wrong with a stored file, or None; without `read` only its presence and size are looked at."""
        with self._errors():
            try:
                size = int(self._files.info(self._object(file))["size"])
            except FileNotFoundError:
                return f"{file.path}: its object {file.sha256[:12]} is not there"
        if size != file.size_bytes:
            return f"{file.path}: its object {file.sha256[:12]} has {size:,} bytes, expected {file.size_bytes:,}"
        if read and (found := self._read(file, None)) != file.sha256:
            return f"{file.path}: its object {file.sha256[:12]} now has the hash {found[:12]}"
        return None

    def publish(self, artifact: Artifact) -> None:
        """Write the index file of a version, the last step of a push: before it nobody sees the version."""
        path = f"{self._versions(artifact.kind, artifact.name)}/{artifact.version}.json"
        temporary = self._incoming()
        with self._errors():
            self._make_folders(temporary, path)
            self._files.pipe_file(temporary, dump_artifact(artifact).encode())
            self._files.mv(temporary, path)

    def versions(self, kind: str | None = None, name: str | None = None) -> Iterator[Artifact]:
        """Yield the versions, the oldest of each name first. Raises SourceError for an index file that cannot be read."""
        pattern = self._versions(kind or "*", name) if name else f"{self._root}/versions/{kind or '*'}/*"
        with self._errors():
            paths = sorted(self._files.glob(f"{pattern}/*.json"))
        for path in paths:
            with self._errors():
                data = self._files.cat_file(path)
            try:
                yield load_artifact(data.decode("utf-8"), path)
            except UnicodeDecodeError:
                raise SourceError(f"{path} is no index of an artifact: it is no text. Push it again, or pull another --version") from None

    def find(self, kind: str, name: str, version: str | None = None) -> Artifact:
        """Return a version, the newest unless told. Raises InputError, with what there is, when it is not there."""
        found = list(self.versions(kind, name))
        chosen = [each for each in found if version is None or each.version == version]
        if not chosen:
            have = ", ".join(each.version for each in found) or ", ".join(sorted({each.name for each in self.versions(kind)})) or "none"
            what = f"version '{version}' of {kind} '{name}'" if version and found else f"{kind} '{name}'"
            raise InputError(f"no {what} in {self.url}; there: {have}. See: vibeshelf artifacts list --store {self.url}")
        return chosen[-1]

    def leftovers(self) -> int:
        """Return how many files are there that a broken push left behind; they are in nobody's way."""
        with self._errors():
            return len(self._files.find(f"{self._root}/incoming")) if self._files.exists(f"{self._root}/incoming") else 0

    def _send(self, path: Path, wanted: ArtifactFile) -> None:
        temporary, target = self._incoming(), self._object(wanted)
        with self._errors():
            self._make_folders(temporary, target)
            try:
                self._files.put_file(str(path), temporary)
                found = self._hash(temporary, None)
                if found != wanted.sha256:
                    raise StorageError(f"{path} arrived in {self.url} as {found[:12]}, it was {wanted.sha256[:12]}; push it again")
                self._files.mv(temporary, target)
            except BaseException:
                # Where the connection is gone, this fails as well; what stays in `incoming` is only counted.
                with suppress(Exception):
                    self._files.rm_file(temporary)
                raise

    def _read(self, file: ArtifactFile, out: BinaryIO | None) -> str:
        with self._errors():
            try:
                return self._hash(self._object(file), out)
            except FileNotFoundError:
                raise StorageError(f"{self.url} lacks an object of {file.path} ({file.sha256[:12]}). Push it again where it is") from None

    def _hash(self, path: str, out: BinaryIO | None) -> str:
        digest = hashlib.sha256()
        with self._files.open(path, "rb", block_size=_BLOCK) as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                if out is not None:
                    out.write(block)
        return digest.hexdigest()

    def _damaged(self, file: ArtifactFile, found: str) -> str:
        return (
            f"{file.path} in {self.url} is damaged: its hash is {found[:12]}, {file.sha256[:12]} was pushed; nothing was changed here. "
            "Push it again with --check where it is whole"
        )

    def _object(self, file: ArtifactFile) -> str:
        return f"{self._root}/objects/{file.sha256[:2]}/{file.sha256}"

    def _versions(self, kind: str, name: str | None) -> str:
        return f"{self._root}/versions/{kind}/{quote(name or '', safe='')}"

    def _incoming(self) -> str:
        return f"{self._root}/incoming/{uuid.uuid4().hex}"

    def _make_folders(self, *paths: str) -> None:
        # Object stores have no folders, and making one there may mean to make a bucket.
        if "file" in self._files.protocol:
            for path in paths:
                self._files.makedirs(path.rpartition("/")[0], exist_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except VibeshelfError:
            raise
        except Exception as error:
            if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _TRANSPORTS:
                raise
            raise StorageError(
                f"the store {self.url} does not answer as it should: {_reason(error)}. "
                "What was moved stays; the same command goes on from there"
            ) from error


def open_artifacts(url: str, **options: Any) -> ArtifactStore:
    """Return the store at an address: a folder, or what fsspec knows, as s3://bucket/folder.

    `options` go to fsspec. Raises InputError for an address that cannot be used, with what would have to be installed.
    """
    from fsspec.core import url_to_fs

    if not url.strip():
        raise InputError("the store has no address; expected a folder or a URL such as s3://bucket/folder")
    try:
        files, root = url_to_fs(str(Path(url).expanduser().absolute()) if "://" not in url else url, use_listings_cache=False, **options)
    except (ImportError, ValueError) as error:
        raise InputError(f"the store {_without_secret(url)} cannot be used: {_reason(error)}") from None
    return ArtifactStore(url, files, root)


def hash_of(path: Path) -> str:
    """Return the sha256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _without_secret(url: str) -> str:
    """Return the address without the account that may stand before its host."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else url
