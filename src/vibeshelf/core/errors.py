"""What can go wrong, said in one line: what was seen, what was expected, what to do."""

from __future__ import annotations


class VibeshelfError(Exception):
    """Base of all errors that a user may see; `str(error)` is one clear line."""


class InputError(VibeshelfError):
    """A query, a flag, a filter or a setting that cannot be used."""


class SourceError(VibeshelfError):
    """A file or folder of books that cannot be read."""


class ModelUnavailable(VibeshelfError):
    """A model, backend or device that this machine does not have."""


class CollectionNotFound(VibeshelfError):
    """No collection of that name."""


class CollectionBusy(VibeshelfError):
    """Another process is writing to the collection."""


class BenchBusy(VibeshelfError):
    """Another benchmark is running, and two would measure each other."""


class Cancelled(VibeshelfError):
    """Whoever asked for a long job has called it off."""


class StorageError(VibeshelfError):
    """The data folder or the Chroma server cannot be used."""


class VectorError(VibeshelfError):
    """A vector with the wrong dimension, a value that is not finite, or no length."""


class Mismatch(VibeshelfError):
    """The collection and the encoder (or the collection and Vibeshelf) do not belong together.

    `what` names the property, `built_with` what the collection holds, `requested` what was asked of it.
    """

    def __init__(self, collection: str, what: str, built_with: object, requested: object, fix: str) -> None:
        self.collection, self.what, self.fix = collection, what, fix
        self.built_with, self.requested = built_with, requested
        super().__init__(f"collection '{collection}': its {what} does not match: built with {built_with}, requested {requested}. {fix}")


class ModelMismatch(Mismatch):
    """The encoder is not the one that the collection was built with."""


class ForeignCollection(Mismatch):
    """Something other than Vibeshelf made the collection, or made it with other properties."""
