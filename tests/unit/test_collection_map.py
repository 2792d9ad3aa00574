"""The map of a collection: neighbours, groups, names, the layout, and what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vibeshelf.core.errors import Cancelled, InputError
from vibeshelf.core.records import Book
from vibeshelf.core.vectors import Vectors
from vibeshelf.services import collection_map
from vibeshelf.services.collection_map import Atlas, draw_map, genres_of, is_drawn, map_path, open_atlas
from vibeshelf.services.mapping.groups import k_means, nearest_rows
from vibeshelf.services.mapping.layout import lay_out, main_directions
from vibeshelf.services.mapping.names import name_groups
from vibeshelf.services.shelf import Shelf


def silent(done: int, total: int) -> None:
    pass


def never() -> bool:
    return False


def heaps(count: int, each: int, dimension: int = 32, spread: float = 0.15) -> tuple[Vectors, list[int]]:
    """Unit rows in heaps that lie apart, with the heap of each row."""
    random = np.random.default_rng(3)
    middles = np.linalg.qr(random.standard_normal((dimension, dimension)))[0][:count]
    of = np.repeat(np.arange(count), each)
    rows = middles[of] + spread * random.standard_normal((count * each, dimension)) / np.sqrt(dimension) * 3
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32), of.tolist()


def kept_of_neighbours(places: np.ndarray, neighbours: np.ndarray) -> float:
    """The share of each row's neighbours that is among its 30 nearest on the plane."""
    distance = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    near = np.argsort(distance, axis=1)[:, 1:31]
    return float(np.mean([len(set(one) & set(other)) / len(other) for one, other in zip(near.tolist(), neighbours.tolist(), strict=True)]))


def test_k_means_finds_heaps_that_lie_apart() -> None:
    vectors, of = heaps(6, 80)
    labels, centres = k_means(vectors, 6, seed=1)
    assert centres.shape == (6, 32)
    assert len({(heap, int(label)) for heap, label in zip(of, labels, strict=True)}) == 6


def test_more_groups_than_rows_are_as_many_as_rows() -> None:
    vectors, _ = heaps(3, 1)
    labels, centres = k_means(vectors, 10)
    assert sorted(labels.tolist()) == [0, 1, 2]
    assert len(centres) == 3


def test_nearest_rows_are_exact_for_few_and_nearly_so_for_many() -> None:
    vectors, _ = heaps(20, 250)
    exact = np.argsort(-(vectors[:200] @ vectors.T), axis=1, kind="stable")[:, 1:11]
    few = nearest_rows(vectors[:1000], 10)
    assert np.array_equal(np.sort(few[0]), np.sort(np.argsort(-(vectors[0] @ vectors[:1000].T))[1:11]))
    many = nearest_rows(vectors, 10)
    found = [len(set(one) & set(other)) / 10 for one, other in zip(many[:200].tolist(), exact.tolist(), strict=True)]
    assert np.mean(found) > 0.95
    assert all(row not in of for row, of in enumerate(many.tolist()))


def test_the_layout_keeps_neighbours_far_better_than_two_directions_and_is_the_same_again(starter: Shelf) -> None:
    mirror = starter.mirror()
    assert mirror is not None
    vectors = np.array(mirror.vectors[:400])
    neighbours = nearest_rows(vectors, 15)
    start = main_directions(vectors)
    places = lay_out(start, neighbours)
    assert np.isfinite(places).all()
    assert kept_of_neighbours(places, neighbours) > 1.5 * kept_of_neighbours(start, neighbours)
    assert np.array_equal(places, lay_out(start, neighbours))


def test_groups_are_named_by_what_sets_them_apart() -> None:
    sea = [Book(f"s{at}", f"Ship {at}", description="A sailor and a storm at sea, with a lighthouse.") for at in range(20)]
    crime = [Book(f"c{at}", f"Case {at}", description="A detective and a murder, with a lighthouse.") for at in range(20)]
    names = name_groups([*sea, *crime], np.repeat([0, 1], 20).astype(np.int32), [1.0] * 40)
    assert "sailor" in names[0]
    assert "detective" in names[1]
    assert "lighthouse" not in " ".join(names)


def test_a_book_has_the_rarest_of_its_frequent_genres() -> None:
    books = [
        Book("a", "A", genres=("fiction", "war")),
        Book("b", "B", genres=("fiction",)),
        Book("c", "C"),
        Book("d", "D", genres=("fiction",)),
    ]
    of, names = genres_of([*books, *(Book(f"x{at}", "X", genres=("sea",)) for at in range(9))])
    assert [names[kind] for kind in of[:4]] == ["war", "fiction", "no genre", "fiction"]
    assert names[-2:] == ("other", "no genre")


def test_a_genre_that_most_books_have_tells_nothing() -> None:
    of, names = genres_of([Book(f"x{at}", "X", genres=("fiction", "war") if at % 5 == 0 else ("fiction",)) for at in range(20)])
    assert "fiction" not in names
    assert [names[kind] for kind in of[:2]] == ["war", "other"]


@pytest.fixture(scope="module")
def atlas(starter: Shelf) -> Atlas:
    return open_atlas(starter.store.settings, starter.index(), starter.mirror(), silent, never)


def test_every_book_is_on_the_map_of_the_starter_collection(atlas: Atlas, starter: Shelf) -> None:
    assert len(atlas.map) == starter.manifest.count == atlas.map.count
    assert atlas.map.places.min() >= 0
    assert atlas.map.places.max() <= 1
    assert all(atlas.map.group_names)
    assert set(atlas.map.groups.tolist()) == set(range(len(atlas.map.group_names)))


def test_the_map_is_kept_and_the_same_when_opened_again(atlas: Atlas, starter: Shelf) -> None:
    assert is_drawn(starter.store.settings, starter.manifest)
    told: list[int] = []
    again = open_atlas(starter.store.settings, starter.index(), starter.mirror(), lambda done, _: told.append(done), never)
    assert told == []
    assert again.map.ids == atlas.map.ids
    assert np.array_equal(again.map.places, atlas.map.places)
    assert again.map.group_names == atlas.map.group_names


def test_a_damaged_file_of_a_map_is_drawn_anew(atlas: Atlas, starter: Shelf) -> None:
    path = map_path(starter.store.settings, starter.manifest)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    again = open_atlas(starter.store.settings, starter.index(), starter.mirror(), silent, never)
    assert np.array_equal(again.map.places, atlas.map.places)
    assert path.stat().st_size == len(whole)


def test_a_query_lies_among_its_nearest_books(atlas: Atlas, starter: Shelf) -> None:
    vector = starter.encoder.encode_queries(["a murder in an English country house"])[0]
    near = atlas.near(vector, 10)
    assert [each.cosine for each in near] == sorted((each.cosine for each in near), reverse=True)
    places = atlas.map.places[[each.row for each in near]]
    place = np.array(atlas.place_of(near))
    nearest = np.linalg.norm(places - place, axis=1).min()
    assert nearest < np.median(np.linalg.norm(atlas.map.places - place, axis=1)) / 2


def test_neighbours_of_a_book_are_those_of_its_vector(atlas: Atlas, starter: Shelf) -> None:
    mirror = starter.mirror()
    assert mirror is not None
    row = atlas.row_of("dracula-stoker")
    assert row is not None
    found = [atlas.map.ids[each.row] for each in atlas.neighbours(row, 5)]
    expected = mirror.nearest(mirror.vectors[mirror.row_of["dracula-stoker"]], 6, np.arange(len(mirror)))
    assert found == [book_id for book_id, _ in expected if book_id != "dracula-stoker"][:5]
    assert atlas.rows_of(["dracula-stoker", "not there"]) == [row]


def test_without_a_mirror_the_stored_vectors_are_drawn(atlas: Atlas, starter: Shelf, tmp_path: Path) -> None:
    settings = starter.store.settings.model_copy(update={"data_dir": tmp_path})
    other = open_atlas(settings, starter.index(), None, silent, never)
    assert set(other.map.ids) == set(atlas.map.ids)


def test_a_collection_too_large_is_drawn_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_map, "MOST_BOOKS", 100)
    vectors, _ = heaps(5, 60)
    drawn, rows = draw_map([Book(str(at), f"Book {at}") for at in range(300)], vectors, 300, silent, never)
    assert len(drawn) == len(rows) == 100
    assert drawn.count == 300
    assert all(np.array_equal(rows[at], vectors[int(book_id)]) for at, book_id in enumerate(drawn.ids))


def test_a_map_can_be_called_off_and_needs_three_books() -> None:
    vectors, _ = heaps(3, 40)
    books = [Book(str(at), f"Book {at}") for at in range(120)]
    with pytest.raises(Cancelled):
        draw_map(books, vectors, 120, silent, lambda: True)
    with pytest.raises(InputError, match="three books"):
        draw_map(books[:2], vectors[:2], 2, silent, never)
