"""What names the books of a collection, whatever order they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from vibeshelf.adapters.stored_books import StoredHashes


def corpus_hash(rows: Iterable[tuple[str, StoredHashes]]) -> str:
    """Return a hash of all ids with their records that does not depend on their order."""
    total = 0
    for book_id, hashes in rows:
        digest = hashlib.sha256(f"{book_id}\0{hashes.record}".encode()).digest()
        total = (total + int.from_bytes(digest, "big")) % (1 << 256)
    return f"{total:064x}"
