"""A map of a collection: every book has a place on a plane, near those that its vector is near to.

Made once for each state of a collection and kept in the data folder; a query finds its place among its nearest books.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.index import Index
from vibeshelf.adapters.map_files import load_map, save_map
from vibeshelf.adapters.mirror import Mirror, mirror_key, top
from vibeshelf.core.errors import Cancelled, InputError
from vibeshelf.core.records import Book, Manifest
from vibeshelf.core.settings import Settings
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.mapping.groups import k_means, nearest_rows, with_neighbours
from vibeshelf.services.mapping.layout import ROUNDS, lay_out, main_directions
from vibeshelf.services.mapping.names import name_groups
from vibeshelf.services.probes.specimen import read_all

# Another layout, other names or other columns: what was kept before is made anew.
_VERSION = 1
# More books are not drawn one by one; a larger collection is mapped by so many of them, drawn by lot.
MOST_BOOKS = 40_000
_NEIGHBOURS = 15
_BOOKS_A_GROUP, _MOST_GROUPS = 100, 16
GENRES_SHOWN = 9
# A genre that every other book has tells none from another.
_TOO_COMMON = 0.4
NO_GENRE, OTHER_GENRE = "no genre", "other"
_SEED = 20261124
_log = logging.getLogger("vibeshelf")
# The rounds of the layout are most of the work; what comes before them counts as so many more.
_BEFORE = 120


@dataclass(frozen=True, slots=True)
class CollectionMap:
    """`places`, float32 (n, 2) within 0 to 1, belong to `ids` and `titles` ('title, author, year'), as do `groups`, the number of each
    book's group in `group_names`, and `genres`, that of its genre in `genre_names`; both int32 (n,). The collection holds `count` books,
    of which those with a usable vector were mapped, `MOST_BOOKS` at most."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    places: npt.NDArray[np.float32]
    groups: npt.NDArray[np.int32]
    group_names: tuple[str, ...]
    genres: npt.NDArray[np.int32]
    genre_names: tuple[str, ...]
    count: int

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Near:
    """A book near something: its row in the map and its cosine similarity."""

    row: int
    cosine: float


class Atlas:
    """A map with the vectors that it was made of, unit rows, float32 (n, dimension): it answers what lies where."""

    def __init__(self, drawn: CollectionMap, vectors: Vectors) -> None:
        self.map = drawn
        self._vectors = vectors
        self._row_of = {book_id: row for row, book_id in enumerate(drawn.ids)}

    def row_of(self, book_id: str) -> int | None:
        """Return a book's row, or None when it is not on the map."""
        return self._row_of.get(book_id)

    def rows_of(self, book_ids: Sequence[str]) -> list[int]:
        """Return the rows of those of the books that are on the map."""
        return [self._row_of[book_id] for book_id in book_ids if book_id in self._row_of]

    def neighbours(self, row: int, k: int = 10) -> tuple[Near, ...]:
        """Return the k nearest other books of a book by cosine, nearest first."""
        return tuple(near for near in self.near(self._vectors[row], k + 1) if near.row != row)[:k]

    def near(self, vector: Vectors, k: int = 10) -> tuple[Near, ...]:
        """Return the k nearest books of a unit vector (dimension,) by cosine, nearest first."""
        scores = self._vectors @ vector
        return tuple(Near(int(row), float(scores[row])) for row in top(scores, k))

    def middle_of(self, group: int) -> Vectors:
        """Return the direction in which a group of books lies, float32 (dimension,)."""
        summed = self._vectors[self.map.groups == group].sum(axis=0)
        return np.asarray(summed / max(float(np.linalg.norm(summed)), 1e-12), dtype=np.float32)

    def place_of(self, near: Sequence[Near]) -> tuple[float, float]:
        """Return where something lies whose nearest books are these: in their middle, those left out that lie far from the others."""
        places = self.map.places[[each.row for each in near]].astype(np.float64)
        middle = np.median(places, axis=0)
        distance = np.linalg.norm(places - middle, axis=1)
        weight = np.array([max(each.cosine, 0.0) for each in near]) ** 4 * (distance <= np.median(distance)) + 1e-12
        x, y = (places * weight[:, None]).sum(axis=0) / weight.sum()
        return float(x), float(y)


def open_atlas(
    settings: Settings, index: Index, mirror: Mirror | None, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> Atlas:
    """Return the map of a collection, made now when its present state has none.

    Also for a collection that the guard refuses: only its vectors are looked at. `progress` is told (steps, of how many).
    Raises InputError for a collection with fewer than three usable vectors, Cancelled soon after `cancelled` says so.
    """
    path = map_path(settings, index.manifest)
    kept = load_map(path)
    if mirror is not None and kept is not None:
        return _opened(_from_columns(*kept), mirror.ids, mirror.vectors)
    books, vectors = _readable(index, mirror)
    if kept is not None:
        return _opened(_from_columns(*kept), [book.book_id for book in books], vectors)
    drawn, chosen = draw_map(books, vectors, index.manifest.count, progress, cancelled)
    try:
        save_map(path, *_columns(drawn))
    except OSError as error:
        _log.warning("the map of %s is not kept: %s", index.name, error)
    return Atlas(drawn, chosen)


def is_drawn(settings: Settings, manifest: Manifest) -> bool:
    """Return whether the map of this state of the collection is kept, and so is there at once."""
    return map_path(settings, manifest).is_file()


def map_path(settings: Settings, manifest: Manifest) -> Path:
    """Return where the map of this state of a collection is kept."""
    return settings.data_dir / "maps" / manifest.collection / f"{mirror_key(manifest)}-{_VERSION}.npz"


def draw_map(
    books: Sequence[Book], vectors: Vectors, count: int, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> tuple[CollectionMap, Vectors]:
    """Return the map of books with unit rows, float32 (n, dimension), and the rows of the books on it; the same books, the same map."""
    if len(books) < 3:
        raise InputError(f"a map needs three books with a usable vector, and there are {len(books)}. Fill it: vibeshelf ingest SOURCE")
    if len(books) > MOST_BOOKS:
        rows = np.sort(np.random.default_rng(_SEED).choice(len(books), MOST_BOOKS, replace=False)).tolist()
        books, vectors = [books[row] for row in rows], vectors[rows]
    told = _step_teller(progress, cancelled)
    told(0)
    neighbours = nearest_rows(vectors, _NEIGHBOURS, _SEED)
    told(90)
    # Each book together with its neighbours: groups that hold together on the map as well.
    smoothed = with_neighbours(vectors, neighbours)
    groups, centres = k_means(smoothed, max(1, min(_MOST_GROUPS, len(books) // _BOOKS_A_GROUP)), _SEED)
    told(110)
    names = name_groups(books, groups, (smoothed * centres[groups]).sum(axis=1).tolist())
    told(_BEFORE)
    places = lay_out(main_directions(vectors), neighbours, lambda done, _: told(_BEFORE + done))
    genres, genre_names = genres_of(books)
    ids, titles = tuple(book.book_id for book in books), tuple(_title(book) for book in books)
    return CollectionMap(ids, titles, _within_one(places), groups, names, genres, genre_names, count), vectors


def genres_of(books: Sequence[Book]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
    """Return each book's genre as a number, int32 (n,), and the genres' names: the most frequent ones, then 'other' and 'no genre'.

    A book with several of them gets the one that fewest others have, which says the most about it.
    """
    counts = Counter(genre for book in books for genre in dict.fromkeys(book.genres))
    telling = [genre for genre, times in counts.most_common() if times <= max(_TOO_COMMON * len(books), 1)]
    shown = [*telling[:GENRES_SHOWN], OTHER_GENRE, NO_GENRE]
    places = {genre: place for place, genre in enumerate(shown[:-2])}

    def of(book: Book) -> int:
        known = [places[genre] for genre in book.genres if genre in places]
        return max(known) if known else len(places) + (0 if book.genres else 1)

    return np.array([of(book) for book in books], dtype=np.int32), tuple(shown)


def _step_teller(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Callable[[int], None]:
    def told(done: int) -> None:
        if cancelled():
            raise Cancelled("the map was stopped")
        progress(done, _BEFORE + ROUNDS)

    return told


def _readable(index: Index, mirror: Mirror | None) -> tuple[list[Book], Vectors]:
    """Return the books and their unit rows, float32 (n, dimension), without those whose vector cannot be compared."""
    if mirror is not None:
        return list(mirror.all_books()), np.asarray(mirror.vectors)
    held = read_all(index)
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(held.vectors, axis=1)
        usable = np.flatnonzero(np.isfinite(norms) & (norms > 1e-6)).tolist()
    rows = held.vectors[usable] / norms[usable, None]
    return [held.books[at] for at in usable], np.asarray(rows, dtype=np.float32)


def _opened(drawn: CollectionMap, ids: Sequence[str], vectors: Vectors) -> Atlas:
    if tuple(ids) == drawn.ids:
        return Atlas(drawn, vectors)
    row_of = {book_id: row for row, book_id in enumerate(ids)}
    return Atlas(drawn, vectors[[row_of[book_id] for book_id in drawn.ids]])


def _within_one(places: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the places moved and scaled, both directions alike, so that all lie within 0 to 1."""
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max()) or 1.0
    return np.asarray((places - (low + high) / 2) / span + 0.5, dtype=np.float32)


def _title(book: Book) -> str:
    parts = [book.title or "Untitled", book.author, "" if book.year is None else str(book.year)]
    return ", ".join(part[:80] for part in parts if part)


def _columns(drawn: CollectionMap) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, list[str]]]:
    numbers = {"places": drawn.places, "groups": drawn.groups, "genres": drawn.genres, "count": np.array([drawn.count])}
    words = {
        "ids": list(drawn.ids), "titles": list(drawn.titles), "group_names": list(drawn.group_names), "genre_names": list(drawn.genre_names)
    }  # fmt: skip
    return numbers, words


def _from_columns(numbers: dict[str, npt.NDArray[np.generic]], words: dict[str, list[str]]) -> CollectionMap:
    places = np.asarray(numbers["places"], dtype=np.float32)
    groups, genres = np.asarray(numbers["groups"], dtype=np.int32), np.asarray(numbers["genres"], dtype=np.int32)
    return CollectionMap(
        tuple(words["ids"]), tuple(words["titles"]), places, groups, tuple(words["group_names"]), genres, tuple(words["genre_names"]),
        int(np.asarray(numbers["count"], dtype=np.int64)[0]),
    )  # fmt: skip
