"""How a model's tokenizer takes words apart: whole, in pieces, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vibeshelf.adapters.encoders.model_files import read_model
from vibeshelf.core.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, in how many pieces the tokenizer knows it, and whether one of them is unknown to it."""

    text: str
    pieces: int
    unknown: bool


Splitter = Callable[[Sequence[str]], list[list[Word]]]


def open_splitter(model: str, models_dir: Path) -> Splitter:
    """Return what gives the words of each text, punctuation left out, as the model's tokenizer sees them.

    Raises ModelUnavailable for a model without a tokenizer file that can be read.
    """
    path = read_model(model, models_dir).folder / "tokenizer.json"
    if not path.is_file():
        raise ModelUnavailable(f"model '{model}' brings no tokenizer.json; how it splits words cannot be seen")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = _unknown_id(json.loads(path.read_text(encoding="utf-8"))["model"], tokenizer.token_to_id)

    def split(texts: Sequence[str]) -> list[list[Word]]:
        encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        pairs = zip(texts, encodings, strict=True)
        return [_words(text, each.word_ids, each.offsets, each.ids, unknown) for text, each in pairs]

    return split


def _unknown_id(about: dict[str, object], token_to_id: Callable[[str], int | None]) -> int | None:
    """Return the id that stands for what the tokenizer does not know; None for one that knows every byte."""
    if (token := about.get("unk_token")) is not None:
        return token_to_id(str(token))
    number = about.get("unk_id")
    return int(str(number)) if number is not None else None


def _words(
    text: str, word_ids: Sequence[int | None], offsets: Sequence[tuple[int, int]], ids: Sequence[int], unknown: int | None
) -> list[Word]:
    spans: dict[int, list[int]] = {}
    for at, word in enumerate(word_ids):
        if word is not None:
            spans.setdefault(word, []).append(at)
    found = (
        Word(text[offsets[span[0]][0] : offsets[span[-1]][1]].strip(), len(span), any(ids[at] == unknown for at in span))
        for span in spans.values()
    )
    return [word for word in found if any(letter.isalnum() for letter in word.text)]
