"""Settings: a name or value that cannot be used is one clear line with the right one beside it, wherever it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibeshelf.core.errors import InputError
from vibeshelf.core.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without an .env file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(**overrides: object) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(**overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_set_gives_the_defaults(folder: Path) -> None:
    settings = load_settings()
    assert (settings.data_dir, settings.chroma_url, settings.model) == (folder / "data", None, "all-MiniLM-L6-v2")
    assert (settings.device, settings.backend) == ("auto", "auto")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("VIBESHELF_DATADIR", "VIBESHELF_DATA_DIR"),
        ("VIBESHELF_CHROMA_URI", "VIBESHELF_CHROMA_URL"),
        ("vibeshelf_modell", "VIBESHELF_MODEL"),
        ("VIBESHELF_DEVICES", "VIBESHELF_DEVICE"),
        ("VIBESHELF_BACKENT", "VIBESHELF_BACKEND"),
        ("VIBESHELF_QUERY_TEXTS", "VIBESHELF_QUERY_TEXT"),
        ("VIBESHELF_METRIC_PORT", "VIBESHELF_METRICS_PORT"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "env file", "exported in the env file"])
def test_a_typo_suggests_the_right_name(folder: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, right: str, place: str) -> None:
    if place == "environment":
        monkeypatch.setenv(wrong, "x")
    else:
        (folder / ".env").write_text(f"OTHER=1\n{'export ' if place.startswith('exported') else ' '}{wrong} = x\n")
    assert f"unknown setting {wrong}; did you mean {right}?" in refusal()


def test_a_name_near_none_lists_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBESHELF_QQQQQQQQQQQQ", "x")
    known = (
        "VIBESHELF_BACKEND, VIBESHELF_CHROMA_URL, VIBESHELF_DATA_DIR, VIBESHELF_DEVICE, VIBESHELF_LINK_TEMPLATE, VIBESHELF_METRICS_PORT, "
        "VIBESHELF_MODEL, VIBESHELF_QUERY_TEXT"
    )
    assert refusal() == f"unknown setting VIBESHELF_QQQQQQQQQQQQ. Known: {known}"


@pytest.mark.parametrize("name", ["VIBESHELF_TORCH", "VIBESHELF_TEST_DATA", "VIBES", "PORT"])
def test_names_of_scripts_and_strangers_are_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert load_settings().device == "auto"


@pytest.mark.parametrize(("written", "kept"), [("on", True), ("OFF", False), ("", True)])
def test_the_text_of_queries_is_kept_or_not(monkeypatch: pytest.MonkeyPatch, written: str, kept: bool) -> None:
    monkeypatch.setenv("VIBESHELF_QUERY_TEXT", written)
    assert load_settings().query_text is kept


def test_a_switch_that_is_neither_on_nor_off_and_a_port_that_is_none_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBESHELF_METRICS_PORT", "9100")
    assert load_settings().metrics_port == 9100
    for port in ("http", "0", "65536", "-1", "9.5"):
        monkeypatch.setenv("VIBESHELF_METRICS_PORT", port)
        assert refusal() == f"VIBESHELF_METRICS_PORT: '{port}' is no port; expected a number from 1 to 65535"
    monkeypatch.delenv("VIBESHELF_METRICS_PORT")
    monkeypatch.setenv("VIBESHELF_QUERY_TEXT", "of")
    assert refusal() == "VIBESHELF_QUERY_TEXT: 'of' cannot be used; expected on or off"


def test_comments_and_other_names_of_the_env_file_are_left_alone(folder: Path) -> None:
    (folder / ".env").write_text("# VIBESHELF_OLD=1\n#VIBESHELF_OLD=1\nOTHER=2\n\nVIBESHELF_DEVICE='cpu' # here\n")
    assert load_settings().device == "cpu"


@pytest.mark.parametrize("place", ["environment", "env file"])
def test_an_empty_value_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    names = ("VIBESHELF_DATA_DIR", "VIBESHELF_MODEL", "VIBESHELF_CHROMA_URL")
    if place == "environment":
        for name in names:
            monkeypatch.setenv(name, "")
    else:
        (folder / ".env").write_text("".join(f"{name}=\n" for name in names))
    settings = load_settings()
    assert (settings.data_dir, settings.model, settings.chroma_url) == (folder / "data", "all-MiniLM-L6-v2", None)


def test_the_environment_wins_over_the_env_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("VIBESHELF_MODEL=from-file\nVIBESHELF_DEVICE=cpu\n")
    monkeypatch.setenv("VIBESHELF_MODEL", "from-environment")
    assert (load_settings().model, load_settings().device) == ("from-environment", "cpu")


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBESHELF_DEVICE", "cuda")
    assert load_settings(device="cpu").device == "cpu"
    assert load_settings(device=None).device == "cuda"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("https://books.example", "https://books.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_addresses_of_servers(monkeypatch: pytest.MonkeyPatch, written: str, kept: str) -> None:
    monkeypatch.setenv("VIBESHELF_CHROMA_URL", written)
    assert load_settings().chroma_url == kept


@pytest.mark.parametrize(
    "address",
    [
        "localhost",
        "ftp://localhost:8000",
        "http://",
        "http://:8000",
        "http:///data",
        "http://localhost:port",
        "http://localhost:99999",
        "http://localhost:0",
        "http://local host:8000",
        "http://[::1:8000",
        "http://localhost:8000/api/v2",
        "http://localhost:8000?tenant=x",
        "http://me:secret@localhost:8000",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("VIBESHELF_CHROMA_URL", address)
    message = refusal()
    assert message.startswith("VIBESHELF_CHROMA_URL: ")
    assert "expected http://host:port" in message


def test_a_refused_address_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBESHELF_CHROMA_URL", "http://me:secret@localhost:8000")
    assert "secret" not in refusal()


def test_a_home_folder_is_found_and_one_of_nobody_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert load_settings(data_dir="~/books").data_dir == folder / "books"
    assert refusal(data_dir="~no-such-person-here/x").startswith("VIBESHELF_DATA_DIR: '~no-such-person-here/x' is no folder")


def test_an_env_file_that_is_not_utf8_is_one_clear_line(folder: Path) -> None:
    (folder / ".env").write_bytes(b"VIBESHELF_MODEL=caf\xe9\n")
    message = refusal()
    assert message.startswith(".env cannot be read")
    assert "UTF-8" in message


def test_collections_of_a_server_have_their_own_mirrors() -> None:
    folders = [load_settings(chroma_url=url).mirrors_dir for url in (None, "http://one:8000", "http://two:8000")]
    assert len(set(folders)) == 3
    assert len({each.parent for each in folders}) == 1
