"""The parts of the search page that need no browser: covers, sentences, similarity in words, what a card says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.fakes import FakeEncoder
from vibeshelf.adapters.catalog.starter import starter_queries
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.errors import InputError
from vibeshelf.core.records import Book, Hit
from vibeshelf.core.settings import load_settings
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.closeness import FAR, Closeness, calibrate, nothing_close
from vibeshelf.services.matching import Sentences, sentences_of
from vibeshelf.services.shelf import Shelf
from vibeshelf.ui.search.cards import card_of, link_out, parts_of
from vibeshelf.ui.search.covers import _CLOTHS, cover_svg, wrapped

SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Book("b1", "The Sea, the Sea", ("Iris Murdoch",), "A man retires. He swims! Does it help? It does not.", 1978, genres=("literary",))
HOSTILE = (
    "<script>alert(1)</script>",
    '"/><image href="http://x/"/>',
    "&lt;b&gt; & ]]>",
    "\x00\x1b[31m\ufffe",
    "x" * 5000,
    "\u202eright to left",
    "",
)


def hit(rank: int, dense: float | None, lexical: float | None, book: Book = PLAIN) -> Hit:
    return Hit(book.book_id, rank, 1.0, book, dense, lexical)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_cover_is_well_formed_whatever_a_book_is_called(text: str) -> None:
    root = ElementTree.fromstring(cover_svg(replace(PLAIN, title=text, authors=(text,), genres=(text,))))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "rect", "path", "circle", "text"}
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on") or "href" in name]


def test_a_cover_is_always_the_same_and_says_title_author_and_year() -> None:
    root = ElementTree.fromstring(cover_svg(PLAIN))
    assert " ".join(each.text or "" for each in root.iter(f"{SVG}text")) == "The Sea, the Sea Iris Murdoch 1978"
    assert cover_svg(PLAIN) == cover_svg(replace(PLAIN, book_id="other"))
    assert len({cover_svg(replace(PLAIN, title=f"{at}")).split("fill=")[1] for at in range(40)}) > 1


def test_every_cover_can_be_read() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for cloth, ink, _ in _CLOTHS:
        low, high = sorted((luminance(cloth), luminance(ink)))
        assert (high + 0.05) / (low + 0.05) >= 7, (cloth, ink)


def test_long_titles_end_in_an_ellipsis_and_lose_no_line() -> None:
    lines = wrapped("The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner")
    assert len(lines) == 5
    assert lines[-1].endswith("…")
    assert wrapped("Trainspotting at Slaughterhouse-Five") == ["Trainspotting", "at", "Slaughterhouse-Five"]
    assert all(len(line) <= 20 for line in wrapped("Donaudampfschifffahrtsgesellschaftskapitän und mehr"))


def test_sentences_put_together_are_the_text() -> None:
    text = 'He said "no."  She went\nout. "Why?" Mr. Smith asked… It was 3.5 miles! Éva came.'
    assert " ".join(sentences_of(text)) == " ".join(text.split())
    assert sentences_of(PLAIN.description) == ["A man retires.", "He swims!", "Does it help?", "It does not."]
    assert sentences_of("  ") == []


def test_the_sentence_that_answers_is_found_and_remembered(minilm: Encoder) -> None:
    told = "The prose is plain and short. An old fisherman fights a great marlin alone at sea. It was published by a small press."
    books = [replace(PLAIN, description=told), Book("b2", "Nothing told")]
    sentences = Sentences(minilm)
    assert not sentences.knows(books)
    vector = minilm.encode_queries(["an old man alone with a huge fish"])[0]
    assert sentences.matching(vector, books, 0.2) == {"b1": (1,)}
    assert sentences.knows(books)
    assert sentences.matching(minilm.encode_queries(["tax law for beginners"])[0], books, 0.3) == {}


def test_sentences_of_many_books_are_forgotten_in_turn() -> None:
    encoder = FakeEncoder()
    sentences = Sentences(encoder, size=2)
    for number in range(4):
        sentences.matching(encoder.encode_queries(["sea"])[0], [Book(f"b{number}", "x", description=f"The sea {number}.")], -1.0)
    assert sentences.knows([Book("b3", "x", description="The sea 3.")])
    assert not sentences.knows([Book("b0", "x", description="The sea 0.")])


def test_a_small_collection_is_learnt_and_a_large_one_left_alone(fake_starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.services.matching._REST_SECONDS", 0.0)
    monkeypatch.setattr("vibeshelf.services.matching._is_busy", lambda: False)
    mirror = fake_starter.mirror()
    assert mirror is not None
    books = list(mirror.all_books())
    for size, knows in ((len(books), True), (len(books) - 1, False)):
        sentences = Sentences(FakeEncoder(), size)
        sentences.learn(mirror, Event())
        assert sentences.knows(books) is knows


def test_who_learns_stops_at_the_next_book_when_the_server_ends(fake_starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibeshelf.services.matching._REST_SECONDS", 0.0)
    monkeypatch.setattr("vibeshelf.services.matching._is_busy", lambda: False)
    mirror = fake_starter.mirror()
    assert mirror is not None
    ended, first = Event(), next(iter(mirror.all_books()))

    class Last(FakeEncoder):
        def encode_documents(self, texts: Sequence[str]) -> Vectors:
            ended.set()
            return super().encode_documents(texts)

    sentences = Sentences(Last())
    sentences.learn(mirror, ended)
    assert sentences.knows([first])
    assert len(sentences._known) == 1


def test_who_learns_waits_while_somebody_searches_or_the_machine_is_busy(fake_starter: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = fake_starter.mirror()
    assert mirror is not None
    now, slept = [100.0], list[float]()

    class Sleep(Event):
        def wait(self, timeout: float | None = None) -> bool:
            slept.append(timeout or 0.0)
            now[0] += timeout or 0.0
            return False

    monkeypatch.setattr("vibeshelf.services.matching.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("vibeshelf.services.matching.os", SimpleNamespace(getloadavg=lambda: (64.0 if now[0] < 113 else 0.1, 0, 0)))
    sentences = Sentences(FakeEncoder())
    assert not sentences.knows([PLAIN])
    now[0] += 0.5
    sentences.learn(mirror, Sleep())
    assert slept == [9.5, 1, 1, 1]


def test_words_for_similarity_follow_the_random_pairs() -> None:
    closeness = Closeness(np.linspace(0, 0.5, 10_000, dtype=np.float32), 500)
    assert [closeness.word(value) for value in (0.6, 0.499, 0.49, 0.45, 0.2)] == ["very close", "close", "related", "loosely related", FAR]
    assert closeness.floor == pytest.approx(0.475, abs=0.001)
    # The best of many books reaches further by chance than the best of few.
    assert replace(closeness, books=25_000).floor == pytest.approx(0.495, abs=0.001)
    assert replace(closeness, books=10**9).floor == pytest.approx(0.4975, abs=0.001)


def test_real_wishes_come_closer_than_nonsense(starter: Shelf) -> None:
    mirror = starter.mirror()
    assert mirror is not None
    closeness = calibrate(mirror, starter.encoder)
    assert closeness is not None
    called_nothing = [wish for wish in starter_queries().values() if nothing_close(wish, starter.run(wish).hits, closeness)]
    assert len(called_nothing) <= 0.03 * len(starter_queries()), called_nothing
    for nonsense in ("qwzx vbnk plorf", "javascript npm install error 404", "sql left join vs inner join"):
        assert nothing_close(nonsense, starter.run(nonsense).hits, closeness), nonsense
    # A name says nothing to the model, and everything to a reader.
    for name in ("Gogol", "1984"):
        hits = starter.run(name).hits
        assert max(hit.dense or -1 for hit in hits) < closeness.floor, name
        assert not nothing_close(name, hits, closeness), name


def test_the_bar_shares_a_score_between_meaning_and_words() -> None:
    hits = [hit(1, 0.8, 10.0), hit(2, 0.4, 0.0), hit(3, 0.2, None)]
    assert [parts_of(each, hits) for each in hits] == [[60, 40], [30, 0], []]


def test_a_card_has_no_word_where_nothing_was_compared() -> None:
    card = card_of(hit(1, None, 3.0), [hit(1, None, 3.0)], Closeness(np.zeros(3, dtype=np.float32), 3), "starter")
    assert (card["word"], card["cosine"], card["thumb"], card["out"]) == ("", None, None, "")
    assert card["like"] == "?collection=starter&like=b1"


def test_a_link_out_is_escaped_and_its_template_checked() -> None:
    book = replace(PLAIN, title='A & B / "C"?', authors=("É. #1",))
    assert (
        link_out("https://x.org/s?q={title}+{author}", hit(1, 1, 1, book))
        == "https://x.org/s?q=A%20%26%20B%20%2F%20%22C%22%3F+%C3%89.%20%231"
    )
    for wrong in ("javascript:alert({title})", "https://x.org/nothing"):
        with pytest.raises(InputError, match="VIBESHELF_LINK_TEMPLATE"):
            load_settings(link_template=wrong)


def test_more_like_a_book_leaves_it_out_and_a_query_turns_the_direction(starter: Shelf) -> None:
    seed = starter.run("a man wakes up as an insect", 1).hits[0].book_id
    near = starter.run("", 10, like=seed)
    assert len(near.hits) == 10
    assert seed not in [each.book_id for each in near.hits]
    scores = [each.score for each in near.hits]
    assert scores == sorted(scores, reverse=True)
    turned = starter.run("at sea, on a ship", 10, like=seed)
    aim = starter.aim("at sea, on a ship", seed)
    assert float(np.linalg.norm(aim)) == pytest.approx(1, abs=1e-5)
    assert float(aim @ starter.aim("", seed)) == pytest.approx(float(aim @ starter.aim("at sea, on a ship")), abs=1e-4)
    assert [each.book_id for each in turned.hits] != [each.book_id for each in near.hits]


def test_more_like_an_unknown_book_is_refused_in_words(starter: Shelf) -> None:
    with pytest.raises(InputError, match=re.escape("no book 'nope' in collection 'starter'")):
        starter.run("", like="nope")
