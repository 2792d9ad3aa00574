"""A query as its model reads it: the tokens, and what no longer fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.encoders.graph_encoder import load_tokenizer
from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.adapters.encoders.packaged import PACKAGED
from vibeshelf.core.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its text in the model's vocabulary, its number there, and whether the model adds it to every text itself."""

    text: str
    number: int
    special: bool
    continues: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model reads of a text that had `prompt` put before it: at most `room` tokens; `cut` is the text that did not fit."""

    tokens: tuple[Token, ...]
    prompt: str
    room: int
    cut: str


Reader = Callable[[str], Reading]


def open_reader(model: str, models_dir: Path) -> Reader:
    """Return what reads a query as the model does. Raises ModelUnavailable for a model whose tokenizer cannot be looked into."""
    if model in PACKAGED:
        raise ModelUnavailable(f"model '{model}' keeps its tokenizer to itself; how it reads a text cannot be seen")
    files = read_model(model, models_dir)
    path = files.folder / "tokenizer.json"
    if not path.is_file():
        raise ModelUnavailable(f"model '{model}' brings no tokenizer.json; how it reads a text cannot be seen")
    tokenizer, prompt, room = load_tokenizer(path, files.spec), files.spec.query_prompt, files.spec.max_tokens

    def read(text: str) -> Reading:
        whole = prompt + text
        seen = tokenizer.encode(whole)
        words = seen.word_ids
        tokens = tuple(
            Token(piece, number, bool(special), word is not None and at > 0 and word == words[at - 1])
            for at, (piece, number, special, word) in enumerate(zip(seen.tokens, seen.ids, seen.special_tokens_mask, words, strict=True))
        )
        # What overflows comes in further pieces; without any, all of it was read, whatever white space it ends in.
        end = max((stop for _, stop in seen.offsets), default=0) if seen.overflowing else len(whole)
        return Reading(tokens, prompt, room, whole[end:].strip())

    return read
