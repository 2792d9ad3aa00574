"""Lines of plain and packed files: all of them, with their numbers, in bounded memory, and a word where the file ends too soon."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from vibeshelf.adapters.catalog.lines import MAX_LINE_BYTES, Line, SourceFile, bare_suffix
from vibeshelf.core.errors import SourceError

ENDINGS = pytest.mark.parametrize("ending", ["", ".gz", ".zst"], ids=["plain", "gz", "zst"])
PACKED = pytest.mark.parametrize("ending", [".gz", ".zst"], ids=["gz", "zst"])
# Lines that do not pack well, so that a cut falls among them.
NUMBERS = b"".join(b"%d %d\n" % (at, at * 7919 % 10_007) for at in range(20_000))


def pack(content: bytes, ending: str) -> bytes:
    if ending == ".gz":
        return gzip.compress(content)
    return zstandard.ZstdCompressor(write_checksum=True).compress(content) if ending == ".zst" else content


def save(folder: Path, ending: str, content: bytes) -> Path:
    path = folder / f"lines.txt{ending}"
    path.write_bytes(pack(content, ending))
    return path


def read_until_error(path: Path) -> tuple[list[Line], str]:
    lines: list[Line] = []
    with pytest.raises(SourceError) as caught:
        lines.extend(SourceFile(path).lines())
    return lines, str(caught.value)


@ENDINGS
def test_lines_have_numbers_from_one_and_keep_blank_ones(tmp_path: Path, ending: str) -> None:
    file = SourceFile(save(tmp_path, ending, b"one\r\n\nthree\nlast"))
    assert list(file.lines()) == [Line(1, b"one\r\n"), Line(2, b"\n"), Line(3, b"three\n"), Line(4, b"last")]


@ENDINGS
def test_a_file_can_be_read_again(tmp_path: Path, ending: str) -> None:
    file = SourceFile(save(tmp_path, ending, b"one\ntwo\n"))
    assert list(file.lines()) == list(file.lines())


@pytest.mark.parametrize(
    ("length", "kept"),
    [(MAX_LINE_BYTES - 1, True), (MAX_LINE_BYTES, True), (MAX_LINE_BYTES + 1, False), (3 * MAX_LINE_BYTES, False)],
    ids=["shorter", "limit with its end", "one too many", "three times"],
)
def test_only_a_line_beyond_the_limit_is_left_out_and_the_next_keeps_its_number(tmp_path: Path, length: int, kept: bool) -> None:
    first, second = SourceFile(save(tmp_path, "", b"x" * length + b"\nnext\n")).lines()
    assert (first.number, first.data is not None) == (1, kept)
    assert second == Line(2, b"next\n")


@ENDINGS
def test_one_line_of_50_mb_without_an_end_needs_little_memory(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path, ending, b"x" * (50 << 20))
    tracemalloc.start()
    lines = list(SourceFile(path).lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == [Line(1, None)]
    assert peak < 20 << 20


@PACKED
@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_cut_file_gives_whole_lines_and_then_says_where_it_ends(tmp_path: Path, ending: str, share: float) -> None:
    path = save(tmp_path, ending, NUMBERS)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    lines, message = read_until_error(path)
    assert b"".join(line.data or b"" for line in lines) == NUMBERS[: sum(len(line.data or b"") for line in lines)]
    assert f"cut off or damaged after line {len(lines)}" in message if lines else "cut off, damaged" in message
    assert "get the whole file" in message.lower()


@PACKED
def test_a_file_that_lacks_only_its_last_bytes_is_cut_too(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path, ending, b"one\ntwo\n")
    path.write_bytes(path.read_bytes()[:-2])
    lines, message = read_until_error(path)
    assert [line.data for line in lines] == [b"one\n", b"two\n"]
    assert "after line 2" in message


@PACKED
def test_a_changed_byte_is_found(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path, ending, NUMBERS)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    assert "cut off" in read_until_error(path)[1]


@PACKED
def test_a_packed_name_on_plain_content_is_said(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"books.csv{ending}"
    path.write_bytes(b"id,title\n1,Sea\n")
    lines, message = read_until_error(path)
    assert not lines
    assert "not packed as its name says" in message


@PACKED
def test_several_packed_parts_in_one_file_are_read_on(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lines.txt{ending}"
    path.write_bytes(pack(b"one\ntw", ending) + pack(b"o\nthree\n", ending))
    assert [line.data for line in SourceFile(path).lines()] == [b"one\n", b"two\n", b"three\n"]


@PACKED
def test_a_cut_second_part_is_found(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"lines.txt{ending}"
    path.write_bytes(pack(b"one\n", ending) + pack(b"two\n", ending)[:-3])
    assert "cut off" in read_until_error(path)[1]


@ENDINGS
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16_is_refused_with_the_command_that_converts_it(tmp_path: Path, ending: str, encoding: str) -> None:
    text = "\ufeffid,title\n" if encoding == "utf-16-be" else "id,title\n"
    lines, message = read_until_error(save(tmp_path, ending, text.encode(encoding)))
    assert not lines
    assert "is UTF-16; expected UTF-8" in message
    assert "iconv -f UTF-16 -t UTF-8" in message


@ENDINGS
def test_position_goes_from_nothing_to_near_the_end(tmp_path: Path, ending: str) -> None:
    file = SourceFile(save(tmp_path, ending, NUMBERS))
    assert file.position == 0
    positions = [file.position for _ in file.lines()]
    assert positions == sorted(positions)
    assert positions[-1] > 0.99 * file.size_bytes


@ENDINGS
def test_the_head_and_the_unpacked_content_are_the_plain_bytes(tmp_path: Path, ending: str) -> None:
    file = SourceFile(save(tmp_path, ending, NUMBERS))
    assert NUMBERS.startswith(file.head(20))
    assert len(file.head(20)) == 20
    with file.unpacked() as content:
        content.seek(5)
        assert content.read() == NUMBERS[5:]


@PACKED
def test_the_head_of_a_cut_file_is_given(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path, ending, b"id,title\n1,Sea\n")
    path.write_bytes(path.read_bytes()[:-3])
    assert SourceFile(path).head(4096).startswith(b"id,title\n")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read .*: Is a directory"):
        list(SourceFile(tmp_path).lines())


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("books.csv", ".csv"), ("books.CSV.GZ", ".csv"), ("books.json.zst", ".json"), ("books.gz", ""), ("books", ""), ("v1.2/books", "")],
)
def test_the_bare_suffix_is_that_of_the_content(name: str, suffix: str) -> None:
    assert bare_suffix(Path(name)) == suffix
