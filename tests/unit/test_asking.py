"""What a search makes of the words of a wish: books they name, what they want to be kept away from, and what is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from vibeshelf.adapters.mirror import Mirror
from vibeshelf.core.wishes import STRAIGHT, Steering
from vibeshelf.services.asking.titles import key_of, titles_of
from vibeshelf.services.asking.understanding import understand
from vibeshelf.services.asking.wording import Wording, mentions, take_apart
from vibeshelf.services.shelf import Shelf

_TITLES = {"no country for old men", "hobbit", "moby dick", "lord of flies", "lord of the flies", "man without qualities", "home", "1984"}
_GENRES = ("crime", "mystery", "romance", "science fiction")


def apart(query: str) -> Wording:
    return take_apart(query, lambda text: key_of(text) in _TITLES, _GENRES)


@pytest.fixture
def mirror(starter: Shelf) -> Mirror:
    found = starter.mirror()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("query", "text", "avoided"),
    [
        ("a heist, no romance", "a heist", ("romance",)),
        ("a heist no romance", "a heist", ("romance",)),
        ("fantasy without magic", "fantasy", ("magic",)),
        ("a ghost story, not scary", "a ghost story", ("scary",)),
        ("warm, gentle, hopeful, no violence please", "warm, gentle, hopeful", ("violence",)),
        ("cosy, nothing scary", "cosy", ("scary",)),
        ("a love story, but not too sad", "a love story", ("sad",)),
        ("sad but not depressing", "sad", ("depressing",)),
        ("no romance, a heist", "a heist", ("romance",)),
        ("space opera -war", "space opera", ("war",)),
        ("a detective story without murder or gore", "a detective story", ("murder", "gore")),
        ("a mystery, no romance and no violence", "a mystery", ("romance", "violence")),
        ("funny, not a romance novel", "funny", ("romance",)),
        ("A quiet book, NO Science Fiction.", "A quiet book .", ("Science Fiction",)),
    ],
)
def test_what_is_not_wanted_is_taken_out_of_the_words(query: str, text: str, avoided: tuple[str, ...]) -> None:
    found = apart(query)
    assert (found.text.strip(" ."), found.avoided, found.named) == (text.strip(" ."), avoided, "")


@pytest.mark.parametrize(
    "query",
    [
        "no country for old men", "The Man Without Qualities", "a house with no doors", "a man without a name", "nothing happens",
        "quietly devastating family story where nothing much happens", "not only for children", "not without hope", "she says no",
        "people who cannot love", "no romance", "not scary", "winter book, nothing too long", "a story of no return", "robots",
        "a girl falls into a world where nothing makes sense", "someone like me but braver", "well-known self-help", "home but scary",
        " ".join(["it was not a war novel, no romance"] * 5),
    ],
)  # fmt: skip
def test_what_is_told_and_not_wished_is_left_alone(query: str) -> None:
    assert apart(query) == Wording(query)


@pytest.mark.parametrize(
    ("query", "named", "turn"),
    [
        ("like The Hobbit but for grown-ups", "The Hobbit", "for grown-ups"),
        ("something like the hobbit, but for grown-ups", "the hobbit", "for grown-ups"),
        ("I want something similar to The Hobbit but sad", "The Hobbit", "sad"),
        ("Moby-Dick but short", "Moby-Dick", "short"),
        ("1984 but from a woman's point of view", "1984", "from a woman's point of view"),
        ("Lord of the Flies with girls", "Lord of the Flies", "with girls"),
        ("like No Country for Old Men but funny", "No Country for Old Men", "funny"),
        ("Home but scary", "Home", "scary"),
        ("like The Hobbit", "The Hobbit", ""),
        ("like Nobody Knows This but sad", "Nobody Knows This", "sad"),
    ],
)
def test_a_named_book_and_its_turn(query: str, named: str, turn: str) -> None:
    assert apart(query) == Wording(query, (), named, turn)


def test_a_named_book_may_be_wished_without_something() -> None:
    assert apart("like The Hobbit but no romance") == Wording("The Hobbit", ("romance",), "The Hobbit", "")
    assert apart("like The Hobbit but sadder, no romance") == Wording("The Hobbit but sadder", ("romance",), "The Hobbit", "sadder")


def test_most_wishes_have_nothing_to_be_read() -> None:
    assert not any(mentions(query) for query in ("robots", "melancholy lighthouse story, slow, beautiful prose", "dry humour"))


@pytest.mark.parametrize(
    ("typed", "book_id"),
    [
        ("The Old Man and the Sea", "the-old-man-and-the-sea-hemingway"),
        ("old man and the sea", "the-old-man-and-the-sea-hemingway"),
        ("the hobit", "the-hobbit-tolkien"),
        ("Pride & Prejudice", "pride-and-prejudice-austen"),
        ("one hundred years", "one-hundred-years-of-solitude-marquez"),
        ("MOBY DICK", "moby-dick-melville"),
        ("The Trial by Kafka", "the-trial-kafka"),
        ("zenos conscience", "zeno-s-conscience-svevo"),
    ],
)
def test_titles_are_found_as_people_remember_them(mirror: Mirror, typed: str, book_id: str) -> None:
    assert [name.book_ids for name in titles_of(mirror).find(typed)] == [(book_id,)]


def test_an_author_stands_for_all_works_and_a_shared_surname_for_nobody(mirror: Mirror) -> None:
    titles = titles_of(mirror)
    (kafka,) = titles.find("Kafka")
    assert kafka.is_author
    assert set(kafka.book_ids) == {"the-metamorphosis-kafka", "the-trial-kafka"}
    assert len(titles.find("Smith")) > 1
    assert titles.find("Xyzzy Plugh") == []
    assert titles_of(mirror) is titles


def test_suggestions_begin_with_what_was_typed(mirror: Mirror) -> None:
    titles = titles_of(mirror)
    assert ("The Old Man and the Sea", "Ernest Hemingway") in titles.starting("old m")
    assert titles.starting("kaf") == [("Franz Kafka", "author")]
    assert titles.starting("  ") == []
    assert len(titles.starting("the", most=5)) <= 5
    for title, _ in titles.starting("sea"):
        assert any(word.startswith("sea") for word in key_of(title).split())


def test_like_but_moves_from_the_book_towards_the_words(starter: Shelf, mirror: Mirror) -> None:
    wish = understand("like The Old Man and the Sea but funny", mirror)
    assert wish.steering == Steering(("the-old-man-and-the-sea-hemingway",), "funny")
    assert wish.lines == ("The vector of The Old Man and the Sea by Ernest Hemingway plus that of your words, half of it 'funny'.",)
    found = starter.run(wish.text, steering=wish.steering)
    assert "the-old-man-and-the-sea-hemingway" not in [hit.book_id for hit in found.hits]
    aim, book = starter.aim(wish.text, steering=wish.steering), starter.aim("", "the-old-man-and-the-sea-hemingway")
    words = (starter.aim(wish.text) + starter.aim("funny")) / 2
    expected = (book + words / np.linalg.norm(words)) / np.linalg.norm(book + words / np.linalg.norm(words))
    assert float(np.linalg.norm(aim)) == pytest.approx(1, abs=1e-5)
    assert float(aim @ expected) > 0.98


def test_an_unknown_or_ambiguous_title_is_said_and_the_words_are_searched(starter: Shelf, mirror: Mirror) -> None:
    unknown = understand("like <b>Xyzzy</b> but sad", mirror)
    assert (unknown.text, unknown.steered) == ("like <b>Xyzzy</b> but sad", False)
    assert unknown.lines == ("No book or author here is called '<b>Xyzzy</b>', so these are the books for your words.",)
    shared = understand("like Smith but sad, no romance", mirror)
    assert "add 'by' and the author" in shared.lines[0]
    assert shared.steering == Steering((), "", ("romance",), ("romance",))
    assert len(starter.run(shared.text, steering=shared.steering).hits) == 10


@pytest.mark.parametrize("system", ["hybrid", "dense", "lexical"])
def test_a_genre_that_is_not_wanted_is_not_shown(starter: Shelf, mirror: Mirror, system: str) -> None:
    wish = understand("two people fall in love on a journey, no romance", mirror)
    assert wish.lines == ("Kept away from: romance. Books of the genre romance are left out.",)
    hits = starter.run(wish.text, 30, system, steering=wish.steering).hits
    assert hits
    assert not [hit.title for hit in hits if "romance" in hit.book.genres]
    as_typed = starter.run("two people fall in love on a journey, no romance", 30, system).hits
    assert [hit.title for hit in as_typed if "romance" in hit.book.genres]


def test_a_theme_that_is_no_genre_becomes_rarer(starter: Shelf, mirror: Mirror) -> None:
    typed = "a story of the sea, without whales"
    wish = understand(typed, mirror)
    assert wish.steering == Steering((), "", ("whales",), ())

    def with_whales(text: str, steering: Steering = STRAIGHT) -> int:
        return sum("whale" in hit.book.description.lower() for hit in starter.run(text, 20, steering=steering).hits)

    assert with_whales(wish.text, wish.steering) < with_whales(typed)


def test_titles_of_a_hostile_catalogue_are_only_text() -> None:
    assert key_of("<script>alert(1)</script>") == "script alert 1 script"
    assert key_of("\u202eThe É\u0301tude & Œuvre") != ""
