"""One search, step by step, for people who have never heard of embeddings. Short sentences; every number is of this search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from vibeshelf.core.errors import VibeshelfError
from vibeshelf.services.closeness import Closeness
from vibeshelf.services.shelf import Shelf
from vibeshelf.services.systems import DENSE_WEIGHT
from vibeshelf.services.walkthrough import SHOWN, Walk, WordUse
from vibeshelf.ui import resources
from vibeshelf.ui.how.pictures import cells, cells_said, first_of, heap, share
from vibeshelf.ui.links import links
from vibeshelf.ui.picture import picture
from vibeshelf.ui.search.covers import cover_picture
from vibeshelf.ui.search.explain import encoding_of, room_said
from vibeshelf.ui.search.reading import plain_address
from vibeshelf.ui.text import isolated, plain

_MOST_TOKENS, _TEXT_CHARS, _MOST_WORDS = 60, 260, 40


@contextmanager
def _step(number: int, heading: str) -> Iterator[None]:
    with st.container(key=f"step-{number}", gap="small"):
        st.header(f"{number}. {heading}", anchor=False)
        yield


def pieces(walk: Walk) -> None:
    with _step(1, "Your words become pieces"):
        st.markdown(
            "A computer cannot read. So your words are cut into pieces that the model has a number for. A common word is one piece; a "
            "rare one is put together from several, and each that goes on with a word begins with \\#\\#."
        )
        try:
            reading = resources.reader(walk.result.model)(walk.result.query)
        except VibeshelfError as error:
            st.caption(plain(str(error)))
            return
        shown = [
            f":{'gray' if each.special else 'violet'}-badge[{plain(each.text)} · {each.number}]" for each in reading.tokens[:_MOST_TOKENS]
        ]
        st.markdown(" ".join(shown) + (" …" if len(reading.tokens) > _MOST_TOKENS else ""))
        st.caption(f"The grey ones are the model's own: here it begins, here it ends. {room_said(reading)}")


def numbers(walk: Walk) -> None:
    result, dimension = walk.result, len(walk.vector)
    with _step(2, f"The pieces become {dimension} numbers"):
        st.markdown(
            f"The model, {plain(result.model)}, looks at all pieces together and answers with {dimension} numbers. Always as many, "
            "whether you typed a word or a page. Think of them as a place: not on a map with two directions, but with "
            f"{dimension}. It learned from a great many sentences to put what means the same in the same place."
        )
        picture(cells(walk.vector), cells_said(walk.vector, "your words"), "picture-query")
        st.caption(
            f"Your words, {first_of(walk.vector)}. One colour is above zero, the other below; the stronger, the further. "
            f"{encoding_of(result, 1).capitalize()}{'' if result.remembered else ' ms'} on {result.device}, {result.backend} "
            f"{result.precision}."
        )


def towers(walk: Walk, shelf: Shelf) -> None:
    manifest, best = shelf.manifest, walk.nearest[0]
    text = walk.book_text if len(walk.book_text) <= _TEXT_CHARS else f"{walk.book_text[:_TEXT_CHARS].rsplit(' ', 1)[0]} …"
    with _step(3, "Every book went the same way"):
        st.markdown(
            f"That was done once: on {manifest.built_at[:10]} the same model read {walk.result.count:,} books and gave each its numbers. "
            "One tower for wishes, one for books. It has to be the same model: the numbers of another would be a map of another world, "
            "and nothing would look wrong. That is why Vibeshelf refuses to search with any other."
        )
        st.markdown(f"The nearest book is **{isolated(plain(best.title))}**. This is what the model read of it: “{plain(text)}”")
        products = walk.vector * walk.book_vector
        shown = (
            ("your words", walk.vector, "Your words"),
            ("this book", walk.book_vector, "This book"),
            ("both, multiplied", products, "Both, multiplied"),
        )
        for column, (what, row, heading) in zip(st.columns(3), shown, strict=True):
            with column:
                st.markdown(f"**{heading}**")
                picture(cells(row), cells_said(row, what), f"picture-{what}")
        agree = float((products > 0).mean())
        st.markdown(
            f"Multiply each pair of numbers and add up all {len(products)}: **{float(products.sum()):.3f}**. That sum is the *cosine*. "
            f"Both have the same sign in {agree:.0%} of the places; of two random texts it would be about half."
        )


def neighbours(walk: Walk, closeness: Closeness | None) -> None:
    near = [hit.score for hit in walk.nearest]
    floor = closeness.floor if closeness else None
    with _step(4, "Near means similar"):
        st.markdown(
            f"Now the same sum for all {len(walk.cosines):,} books. Most lie in a heap in the middle and have nothing to do with you."
        )
        alt = f"How many books are how near; the nearest {len(near)} at {', '.join(f'{value:.2f}' for value in near)}"
        picture(heap(walk.cosines, near, floor), alt, "picture-heap")
        line = (
            "" if floor is None else f" The thin line is at {floor:.2f}: only one in a hundred pairs of a wish and a random book is nearer."
        )
        st.caption(f"The bars count books; the {len(near)} marks are the nearest.{line}")
        st.markdown("\n".join(f"{hit.rank}. {isolated(plain(hit.title))} · {hit.score:.3f}" for hit in walk.nearest))


def words(walk: Walk) -> None:
    with _step(5, "Words still count"):
        st.markdown(
            "Meaning is vague about names and rare things. So your very words are looked up too. A rare word tells more than a common one."
        )
        st.markdown(" ".join(_word(each) for each in walk.words[:_MOST_WORDS]) or "There is no word of two letters or more in it.")
        st.caption(
            f"In how many of {walk.result.count:,} books each word, or another form of it, stands. "
            "Grey ones are left out: they say nothing of a book."
        )
        if walk.by_words:
            lines = [f"{hit.rank}. {isolated(plain(hit.title))} · {hit.score:.2f}" for hit in walk.by_words[:3]]
            st.markdown("The best by words alone, with their BM25 scores:\n\n" + "\n".join(lines))
        else:
            st.markdown("No book has any of these words, so meaning decides alone.")


def _word(each: WordUse) -> str:
    return f":gray-badge[{plain(each.word)}]" if each.books is None else f":violet-badge[{plain(each.word)} · {each.books:,}]"


def fusion(walk: Walk) -> None:
    with _step(6, "Both are weighed"):
        st.markdown(
            f"{DENSE_WEIGHT:.0%} meaning, {1 - DENSE_WEIGHT:.0%} words, each as a share of the best book's. The weights were measured, not "
            "guessed: they found the most books that people had really been looking for."
        )
        for part in walk.parts:
            st.markdown(
                f"{part.hit.rank}. **{isolated(plain(part.hit.title))}** · {part.meaning:.3f} + {part.words:.3f} = {part.hit.score:.3f}"
            )
            alt = f"{part.meaning:.3f} of the score by meaning, {part.words:.3f} by words"
            picture(share(part.meaning, part.words), alt, f"picture-share-{part.hit.rank}")
        st.caption("The first colour is meaning, the second is words.")


def result(walk: Walk, steered: bool) -> None:
    with _step(7, "Your books"):
        st.html(f'<div class="vs-shelf">{"".join(cover_picture(part.hit.book) for part in walk.parts)}</div>')
        took = walk.result.total_ms
        st.markdown(
            f"All of this took {took:.0f} ms. "
            + "; ".join(f"{part.hit.rank} {isolated(plain(part.hit.title))}" for part in walk.parts)
            + "."
        )
        if steered:
            st.caption("Your words were taken as they are here. The Search page also reads them: what you do not want, or a book you name.")
        address = {"q": walk.result.query, "collection": walk.result.collection}
        search = {**address, **(plain_address() if steered else {})}
        links(
            ("See the search", "", search),
            ("Meaning against words", "Compare", _comparison(walk)),
            ("Can it be trusted?", "Health", {"collection": walk.result.collection}),
        )
        st.caption(
            f"The first {SHOWN} of a search in collection {plain(walk.result.collection)}; times are of this one search (n = 1) "
            "on this machine."
        )


def _comparison(walk: Walk) -> dict[str, str]:
    name = walk.result.collection
    return {"q": walk.result.query, "left": f"dense on {name}", "right": f"lexical on {name}"}
