"""Apache Parquet files, also packed once more as .gz or .zst."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vibeshelf.adapters.catalog.source import Source, SourceRow
from vibeshelf.core.errors import SourceError
from vibeshelf.core.records import Book, Rejected

_BATCH_ROWS = 1024


class Parquet(Source):
    """An Apache Parquet file; the line of a rejected row is its row number, from 1."""

    format = "parquet"
    _done = 0.0

    def rows(self) -> Iterator[SourceRow]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        done = 0
        try:
            with self.file.unpacked() as stream, pq.ParquetFile(stream) as file:
                self._require_columns(file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    yield from enumerate(self._books(batch, done + 1), start=done + 1)
                    done += batch.num_rows
                    self._done = done / max(file.metadata.num_rows, 1)
        except (pa.ArrowException, OSError) as error:
            said = str(error).splitlines()[0]
            raise SourceError(f"{self.path} is not a readable Parquet file, after {done:,} rows ({said}). Get the whole file") from None

    def _books(self, batch: Any, first: int) -> Iterator[Book | Rejected]:
        try:
            rows = batch.to_pylist()
        except (ValueError, OverflowError):
            # One value that Python cannot hold (text that is not UTF-8, a date after the year 9999) fails its whole batch.
            yield from (self._single(batch.slice(at, 1), first + at) for at in range(batch.num_rows))
            return
        for number, row in enumerate(rows, start=first):
            yield self._book(number, row, str(row))

    def _single(self, batch: Any, number: int) -> Book | Rejected:
        try:
            row = batch.to_pylist()[0]
        except UnicodeDecodeError:
            return Rejected(number, "not UTF-8")
        except (ValueError, OverflowError) as error:
            return Rejected(number, f"a value that cannot be read ({error})")
        return self._book(number, row, str(row))

    @property
    def fraction_read(self) -> float:
        return self._done
