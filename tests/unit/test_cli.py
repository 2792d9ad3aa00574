"""The command line: every command helps, bad input is one line, JSON is JSON and nothing else, keys are the contract's."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.command import assert_one_clear_line, vibeshelf, vibeshelf_here
from vibeshelf import cli
from vibeshelf.commands.inspect import _readable
from vibeshelf.core.errors import InputError
from vibeshelf.services.search import clean_query
from vibeshelf.services.shelf import Shelf

COMMANDS = ("ingest", "search", "eval", "judge", "health", "collections", "logbook", "doctor", "gate", "bench", "artifacts", "app")


@pytest.fixture
def data_dir(starter: Shelf) -> Path:
    return starter.store.settings.data_dir


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert "example:" in shown
    assert "--json" in shown


def test_search_prints_one_document_with_the_keys_of_the_contract(data_dir: Path) -> None:
    done = vibeshelf(data_dir, "search", "an old man and a great fish", "-k", "3", "--where", "year=1900..2000", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    content = json.loads(done.stdout)
    assert {"query", "collection", "system", "model", "hits", "timing_ms"} <= content.keys()
    assert content["timing_ms"].keys() == {"encode", "search", "hydrate", "total"}
    assert [hit["rank"] for hit in content["hits"]] == [1, 2, 3]
    assert {"rank", "book_id", "title", "author", "score"} <= content["hits"][0].keys()
    assert content["hits"][0]["title"] == "The Old Man and the Sea"


def test_ingest_again_encodes_nothing_and_prints_the_keys_of_the_contract(data_dir: Path) -> None:
    done = vibeshelf(data_dir, "ingest", "starter", "--json")
    content = json.loads(done.stdout)
    assert done.stderr == ""
    keys = "collection model dimension read added updated unchanged removed rejected rejects_file seconds documents_per_second"
    assert set(keys.split()) <= content.keys()
    assert content["read"] == content["unchanged"] > 800
    assert content["encoded"] == 0
    assert content["documents_per_second"] is None


def test_collections_and_doctor_print_json(data_dir: Path) -> None:
    listed = json.loads(vibeshelf(data_dir, "collections", "--json").stdout)
    starter = next(row for row in listed if row["collection"] == "starter")
    assert starter["manifest"]["encoder"]["model"] == "all-MiniLM-L6-v2"
    assert starter["count"] == starter["manifest"]["count"]
    report = json.loads(vibeshelf(data_dir, "doctor", "--json").stdout)
    assert report["encoder"]["backend"] == "onnx"
    assert report["encoder"]["reason"]
    assert report["lock"]["cuda_packages"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", ""], "the query is empty"),
        (["search", " \t\n\u200b\x07 "], "the query is empty"),
        (["search", "x" * 10_000], "10,000 characters"),
        (["search", "sea", "--collection", "nowhere"], "no collection 'nowhere'"),
        (["search", "sea", "-k", "0"], "expected 1 to 1000"),
        (["search", "sea", "-k", "1001"], "expected 1 to 1000"),
        (["search", "sea", "-k", "many"], "invalid int value"),
        (["search", "sea", "--system", "magic"], "unknown system 'magic'"),
        (["search", "sea", "--where", "colour=red"], "expected KEY=VALUE"),
        (["search", "sea", "--backend", "abacus"], "unknown backend 'abacus'"),
        (["search", "sea", "--device", "cuda:9", "--backend", "torch"], "device 'cuda:9' is not on this machine"),
        (["search"], "required: QUERY"),
        (["ingest", "nowhere.csv"], "no such file"),
        (["ingest", "starter", "--collection", "a b"], "cannot be used"),
        (["ingest", "starter", "--format", "xml"], "unknown format 'xml'"),
        (["ingest", "starter", "--column", "colour=red", "--collection", "new"], "unknown field 'colour'"),
        (["dance"], "invalid choice"),
        ([], "required: COMMAND"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line(data_dir: Path, arguments: list[str], words: str) -> None:
    assert_one_clear_line(vibeshelf_here(data_dir, *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", ""], "the query is empty"),
        (["search", "sea", "--model", "no-such/model"], "cannot be had from the hub"),
        (["ingest", "nowhere.csv"], "no such file"),
        ([], "required: COMMAND"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_so_it_is_in_a_process_of_its_own(data_dir: Path, arguments: list[str], words: str) -> None:
    assert_one_clear_line(vibeshelf(data_dir, *arguments, HF_HUB_OFFLINE="1"), words)


@pytest.mark.parametrize(
    "query", ["🐋", "море и война", "一部关于家族的长篇小说", "'; DROP TABLE books; --", "<script>alert(1)</script>", "a\x00b"]
)
def test_unusual_queries_are_searched_as_they_are(starter: Shelf, query: str) -> None:
    for system in ("hybrid", "dense"):
        assert len(starter.search(query, 5, system)) == 5


def test_control_characters_are_taken_out_of_a_query() -> None:
    assert clean_query("a\x00b\u2028c \ud800 d") == "a b c d"
    with pytest.raises(InputError, match="empty"):
        clean_query("\x00\x1f")


def test_a_port_in_use_is_one_clear_line(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_one_clear_line(vibeshelf(data_dir, "app", PORT=str(port)), f"port {port}", "make run")
    assert_one_clear_line(vibeshelf_here(data_dir, "app", PORT="http"), "expected a number from 1 to 65535")


def test_a_defect_of_ours_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr("vibeshelf.core.settings.load_settings", broken)
    assert cli.main(["collections"]) == 2
    assert capsys.readouterr().err == "vibeshelf: unexpected RuntimeError: first second (--debug shows where)\n"


def test_a_typo_in_a_setting_is_one_clear_line(data_dir: Path) -> None:
    assert_one_clear_line(vibeshelf_here(data_dir, "collections", VIBESHELF_BACKEN="onnx"), "did you mean VIBESHELF_BACKEND?")


def test_doctor_shows_what_the_gate_found_with_its_reasons() -> None:
    gate = {"variant": {"backend": "onnx", "device": "cpu", "precision": "int8"}, "verdict": "withheld", "documents_per_second": 93.4,
            "measured_at": "2026-11-24", "reason": "cosine too low"}  # fmt: skip
    report = {"encoder": {"reason": "fast", "export": None, "gates": [gate]}, "problems": [{"what": "no room", "fix": "make room"}]}
    assert list(_readable(report)) == [
        "encoder:",
        "  reason: fast",
        "  gate, measured 2026-11-24:",
        "    withheld  onnx int8 on cpu: 93 documents/s, cosine too low",
        "problems: what no room, fix make room",
    ]
