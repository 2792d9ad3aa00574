"""Settings from the environment and from `.env`, parsed once."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vibeshelf.core.errors import InputError

PREFIX = "VIBESHELF_"
# Read by scripts, by tests and, for data sets to evaluate on, by the Relevance page.
_ELSEWHERE = {"VIBESHELF_TORCH", "VIBESHELF_TEST_DATA"}


class Settings(BaseSettings):
    """What the environment says; see README for each variable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Path("data")
    chroma_url: str | None = None
    model: str = "all-MiniLM-L6-v2"
    device: str = "auto"
    backend: str = "auto"
    query_text: bool = True
    metrics_port: int | None = None
    # Where a result can be looked up, with {title} and {author} in the address; empty: nowhere.
    link_template: str = ""

    @field_validator("link_template", mode="after")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or "{title}" not in value):
            raise ValueError(f"{value!r} cannot be used; expected an http or https address with {{title}}, and {{author}} if you like")
        return value

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(f"{str(value)!r} is no folder: {error}") from None

    @field_validator("chroma_url", mode="after")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not _is_server(value):
            # A password that was put before the host stays out of terminals and logs.
            shown = f"...@{value.rpartition('@')[2]}" if "@" in value else value
            raise ValueError(f"{shown!r} is not an address; expected http://host:port or https://host:port with nothing behind it")
        return value.rstrip("/")

    @field_validator("query_text", mode="before")
    @classmethod
    def _on_or_off(cls, value: object) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).strip().lower() not in ("on", "off"):
            raise ValueError(f"{value!r} cannot be used; expected on or off")
        return str(value).strip().lower() == "on"

    @field_validator("metrics_port", mode="before")
    @classmethod
    def _port(cls, value: object) -> object:
        if value is None or (str(value).strip().isdecimal() and 1 <= int(str(value)) <= 65535):
            return value
        raise ValueError(f"{value!r} is no port; expected a number from 1 to 65535")

    @property
    def chroma_dir(self) -> Path:
        return self.data_dir / "chroma"

    @property
    def mirrors_dir(self) -> Path:
        # Mirrors of a server's collections are not those of the folder's own.
        return self.data_dir / ("mirrors" if self.chroma_url is None else f"mirrors-{quote(self.chroma_url, safe='')}")

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def qrels_dir(self) -> Path:
        return self.data_dir / "qrels"

    @property
    def runs_dir(self) -> Path:
        return self.data_dir / "runs"

    @property
    def query_log_path(self) -> Path:
        return self.data_dir / "searches.sqlite"

    @property
    def bench_dir(self) -> Path:
        return self.data_dir / "bench"


def _is_server(address: str) -> bool:
    """Whether it names a host and, at most, a port: Chroma's client uses nothing else, and says nothing about the rest."""
    try:
        parts = urlsplit(address)
        rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not rest and " " not in address
    except ValueError:
        return False


def load_settings(**overrides: Any) -> Settings:
    """Return the settings; `overrides` that are not None win over the environment.

    Raises InputError for an unknown `VIBESHELF_` name or a value that cannot be used.
    """
    _refuse_typos(Path(".env"))
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f".env cannot be read: {error}. Expected lines NAME=VALUE in UTF-8") from None


def _refuse_typos(env_file: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _ELSEWHERE
    for name in [*os.environ, *_names_in(env_file)]:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            raise InputError(f"unknown setting {name}{hint} Known: {', '.join(sorted(known - _ELSEWHERE))}")


def _names_in(env_file: Path) -> list[str]:
    if not env_file.is_file():
        return []
    lines = env_file.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines]
    return [name.strip() for name, equals, _ in pairs if equals and not name.startswith("#")]
