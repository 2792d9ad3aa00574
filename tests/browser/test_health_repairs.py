"""A hurt collection is mended from the Health page: seen, asked twice, done, and found sound again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, serving
from tests.conftest import copy_collections, settings_in
from vibeshelf.adapters.store import Store
from vibeshelf.core.settings import Settings
from vibeshelf.services.corpus import corpus_hash
from vibeshelf.services.probes.specimen import read_all
from vibeshelf.services.shelf import Shelf, mirror_of

BOOKS = 24
PATIENCE_MS = 120_000


@pytest.fixture
def hurt(starter: Shelf, tmp_path: Path) -> Settings:
    """Some books of the starter collection, two of them with each other's vector, beside a vector that belongs to no book."""
    held = read_all(starter.index())
    books, hashes, vectors = held.books[:BOOKS], held.hashes[:BOOKS], held.vectors[:BOOKS]
    made_of = corpus_hash((book.book_id, each) for book, each in zip(books, hashes, strict=True))
    settings = settings_in(tmp_path / "data")
    # The app makes the starter collection before it serves; here it is made already.
    copy_collections(starter.store.settings.data_dir, settings.data_dir)
    store = Store(settings)
    with store.writer("hurt"):
        store.create(replace(starter.manifest, collection="hurt", count=BOOKS, corpus_hash=made_of)).put(books, hashes, vectors)
    index = store.open("hurt")
    mirror_of(settings, index)
    with store.writer("hurt"):
        index = store.open("hurt")
        index._collection.update(ids=[books[5].book_id, books[6].book_id], embeddings=vectors[[6, 5]])
        index._collection.add(ids=["stranger"], embeddings=np.eye(1, vectors.shape[1]).tolist())
    store.close()
    return settings


@pytest.fixture
def running(hurt: Settings) -> Iterator[Server]:
    with serving(hurt.data_dir) as server:
        yield server


def test_all_that_can_be_mended_is_mended_at_the_second_asking(wide: Page, running: Server, hurt: Settings) -> None:
    wide.goto(f"{running.url}/Health?collection=hurt&view=Probes")
    wide.get_by_role("button", name="Examine in full").click(timeout=PATIENCE_MS)
    expect(wide.get_by_text("full examination of")).to_be_visible(timeout=PATIENCE_MS)
    for probe in ("vectors-orphaned", "vectors-order"):
        expect(wide.locator(f".st-key-concern-{probe}")).to_contain_text("fails")
    wide.get_by_role("button", name="Mend all that can be mended").click()
    expect(wide.get_by_text("This writes to the collection hurt.").first).to_be_visible()
    wide.locator(".st-key-sure-all").get_by_role("button").click()
    expect(wide.get_by_text("Repaired.", exact=False)).to_contain_text("remove: 1 books", timeout=PATIENCE_MS)
    wide.get_by_role("button", name=re.compile("Examine (in full|again)")).click(timeout=PATIENCE_MS)
    expect(wide.get_by_text("Sound: every probe that applies passes.")).to_be_visible(timeout=PATIENCE_MS)
    expect(wide.get_by_text(re.compile("full examination of"))).to_be_visible(timeout=PATIENCE_MS)
    expect(wide.locator("[class*=st-key-concern-]")).to_have_count(0)
    assert Store(hurt).open("hurt").count() == BOOKS
