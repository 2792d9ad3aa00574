"""The index file of a version: JSON that a person can read, checked on its way in, since a store may be anybody's."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from vibeshelf.core.artifacts import KINDS, Artifact, ArtifactFile
from vibeshelf.core.errors import SourceError

FORMAT = 1
_HASH = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,79}")


def dump_artifact(artifact: Artifact) -> str:
    """Return the index file of an artifact."""
    content = {"format": FORMAT, **asdict(artifact), "size_bytes": artifact.size_bytes, "content_sha256": artifact.content_sha256}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def load_artifact(text: str, where: str) -> Artifact:
    """Return the artifact of an index file. Raises SourceError for one that is damaged, foreign, or names paths outside itself."""
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError(f"it is of format {content['format']!r}, this Vibeshelf reads {FORMAT}")
        files = tuple(_file(row) for row in content["files"])
        names = {key: _text(content, key) for key in ("kind", "name", "version", "made_at", "made_by")}
        artifact = Artifact(**names, facts=dict(content["facts"]), files=files)
        _check(artifact, content["content_sha256"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SourceError(f"{where} is no index of an artifact: {reason[:200]}. Push it again, or pull another --version") from None
    return artifact


def _check(artifact: Artifact, content_sha256: str) -> None:
    if artifact.kind not in KINDS or not _VERSION.fullmatch(artifact.version):
        raise ValueError(f"its kind is {artifact.kind!r} and its version {artifact.version!r}")
    if len({file.path for file in artifact.files}) != len(artifact.files) or not artifact.files:
        raise ValueError("it names no file, or one twice")
    if artifact.content_sha256 != content_sha256:
        raise ValueError("its list of files is not the one that was pushed")


def _text(content: dict[str, Any], key: str) -> str:
    if not isinstance(content[key], str):
        raise ValueError(f"its {key} is {content[key]!r}, which is no text")
    return str(content[key])


def _file(row: dict[str, Any]) -> ArtifactFile:
    file = ArtifactFile(**row)
    parts = file.path.split("/")
    # A path becomes a place on this disk: nothing but plain names below the folder that it is meant for.
    if any(part in ("", ".", "..") or "\\" in part or ":" in part or "\0" in part for part in parts):
        raise ValueError(f"its path {file.path!r} leads elsewhere")
    if type(file.size_bytes) is not int or file.size_bytes < 0 or not _HASH.fullmatch(file.sha256):
        raise ValueError(f"size or hash of {file.path!r} cannot be")
    return file
