"""Settings and filters: parsed at the edge, refused with the right name beside the wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Filter
from vibeshelf.core.settings import load_settings
from vibeshelf.services.filters import parse_filters


def test_a_typo_in_the_environment_is_an_error_that_names_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBESHELF_MODLE", "x")
    with pytest.raises(InputError, match=r"VIBESHELF_MODLE; did you mean VIBESHELF_MODEL\?"):
        load_settings()


def test_a_typo_in_the_env_file_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("# a comment\nVIBESHELF_DATADIR=/x\n")
    with pytest.raises(InputError, match="VIBESHELF_DATA_DIR"):
        load_settings()


def test_the_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("VIBESHELF_MODEL=from-file\nVIBESHELF_DEVICE=cpu\n")
    monkeypatch.setenv("VIBESHELF_MODEL", "from-environment")
    assert (load_settings().model, load_settings().device) == ("from-environment", "cpu")


def test_a_server_address_must_be_one() -> None:
    with pytest.raises(InputError, match="'localhost:8000' is not an address; expected http://host:port"):
        load_settings(chroma_url="localhost:8000")


def test_copies_of_settings_have_folders_of_their_own(tmp_path: Path) -> None:
    one = load_settings(data_dir=tmp_path / "a")
    assert one.chroma_dir == tmp_path / "a" / "chroma"
    assert one.model_copy(update={"data_dir": tmp_path / "b"}).chroma_dir == tmp_path / "b" / "chroma"


def test_filters_are_values_and_ranges() -> None:
    assert parse_filters(["genre=Crime", "genre=war", "year=1900..1950", "pages=..300", "described=true", "language=Old Norse"]) == (
        Filter("year", low=1900, high=1950),
        Filter("pages", high=300),
        Filter("genre", ("crime", "war")),
        Filter("described", (True,)),
        Filter("language", ("Old Norse",)),
    )


@pytest.mark.parametrize("condition", ["", "genre", "genre=", "colour=red", "year=soon", "year=..", "described=maybe"])
def test_filters_that_cannot_be_used_say_what_can(condition: str) -> None:
    with pytest.raises(InputError, match="expected"):
        parse_filters([condition])
