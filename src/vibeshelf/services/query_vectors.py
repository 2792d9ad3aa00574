"""The vectors of the latest queries: paging, filtering and comparing systems encode a query once."""

from __future__ import annotations

import threading
from collections import OrderedDict

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.vectors import Vectors

# 1,024 queries of 384 dimensions are 1.5 MB.
MAX_QUERIES = 1024


class QueryVectors:
    """An encoder that remembers up to `size` queries, the latest used; 0 remembers none. Safe to share between threads."""

    def __init__(self, encoder: Encoder, size: int = MAX_QUERIES) -> None:
        self.encoder = encoder
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, text: str) -> tuple[Vectors, bool]:
        """Return the query's unit row, float32 (dimension,), and whether it was remembered. Raises VectorError."""
        with self._lock:
            if (vector := self._known.get(text)) is not None:
                self._known.move_to_end(text)
                return vector, True
        # Outside of the lock: two threads that ask the same at once both encode it, and none waits for another's query.
        vector = self.encoder.encode_queries([text])[0]
        vector.setflags(write=False)
        with self._lock:
            self._known[text] = vector
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return vector, False
