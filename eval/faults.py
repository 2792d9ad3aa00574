"""The faults that are planted in vectors, each with the probe that must name it and the least strength at which it must.

Faults of the index, which need a store, are planted by tests/faults/test_index_faults.py.
"""

# Every planting takes the same arguments, needed or not.
# ruff: noqa: ARG001
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval import distortions
from eval import planting as plant
from eval.planting import Fault, in_all, in_some, manifest_with, of_another_model, of_other_texts, searched_with, spec_with
from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.vectors import Vectors
from vibeshelf.services.drill.other_model import Disguised
from vibeshelf.services.probes.specimen import Specimen

_OF_BOOKS, _OF_DIMENSIONS = "of the books", "of the dimensions"


def tower_faults(other: Encoder, smaller: Encoder) -> list[Fault]:
    """`other` is another model of the same dimension, `smaller` one of another dimension."""
    return [
        Fault("another model of the same dimension answers", "towers.fingerprint", 1, "", searched_with(other, lies=False)),
        Fault("the same, under the name of the first", "towers.canaries", 1, "", searched_with(other, lies=True)),
        Fault("a model of another dimension answers", "towers.dimension", 1, "", searched_with(smaller, lies=False)),
        Fault("other weights", "towers.fingerprint", 1, "", spec_with(weights_sha256="0" * 64)),
        Fault("another tokenizer", "towers.fingerprint", 1, "", spec_with(tokenizer_sha256="0" * 64)),
        Fault("another query prompt", "towers.prompts", 1, "", spec_with(query_prompt="search: ")),
        Fault("another document prompt", "towers.prompts", 1, "", spec_with(document_prompt="text: ")),
        Fault("another pooling", "towers.pooling", 1, "", spec_with(pooling="cls")),
        Fault("another maximum length", "towers.length", 1, "", spec_with(max_tokens=128)),
        Fault("another normalisation", "towers.normalisation", 1, "", spec_with(normalised=False)),
        Fault("canaries edited", "towers.canaries", 1, "of 4 canaries", plant.edited_canaries),
        Fault("a less precise encoder answers", "towers.precision", 0.1, "noise, as a share of the length", _less_precise, (0.05, 0.03)),
        Fault("libraries of another major version", "towers.versions", 1, "", manifest_with(versions={"numpy": "1.0.0"})),
        Fault("the manifest's count edited", "vectors.count", 1, "", _miscounted),
        Fault("the manifest's corpus hash edited", "vectors.corpus", 1, "", manifest_with(corpus_hash="0" * 64)),
        Fault("the manifest's template edited", "vectors.stale", 1, "", manifest_with(template="{title}| {description}")),
    ]


def vector_faults(other: Encoder, cls: Encoder | None) -> list[Fault]:
    """`other` is another model of the same dimension, `cls` the collection's own with another pooling, None to leave that out."""
    pooled = (
        [Fault("encoded with another pooling", "vectors.foreign", 0.01, _OF_BOOKS, of_another_model(cls), (0.005, 0.002))]
        if cls is not None
        else []
    )
    return [
        Fault("vectors of another model", "vectors.foreign", 0.01, _OF_BOOKS, of_another_model(other), (0.005, 0.002)),
        Fault("encoded with a prompt", "vectors.foreign", 0.01, _OF_BOOKS, of_other_texts(lambda text: f"query: {text}"), (0.005, 0.002)),
        *pooled,
        Fault("vectors of an older text", "vectors.foreign", 0.01, _OF_BOOKS, plant.older_texts, (0.005, 0.002)),
        Fault(
            "encoded from the first 32 words",
            "vectors.cut",
            0.02,
            _OF_BOOKS,
            of_other_texts(lambda text: " ".join(text.split()[:32])),
            (0.01, 0.005),
        ),
        Fault("vectors swapped", "vectors.order", 0.01, _OF_BOOKS, plant.swapped, (0.005, 0.002)),
        Fault("one run of books shifted by one", "vectors.order", 0.01, _OF_BOOKS, plant.shifted_in_part, (0.005, 0.002)),
        Fault("all shifted by one", "vectors.order", 1, "place", plant.shifted),
        Fault("all shuffled, and no encoder", "vectors.words", 1, _OF_BOOKS, _blind(plant.swapped), (0.95, 0.9)),
        Fault("vectors of another model, and no encoder", "vectors.words", 0.05, _OF_BOOKS, _blind(of_another_model(other)), (0.03, 0.02)),
        Fault("half of another model, and no encoder", "vectors.spaces", 0.5, _OF_BOOKS, _blind(of_another_model(other)), (0.33, 0.2, 0.1)),
        Fault("most of another model, and no encoder", "vectors.spaces", 0.67, _OF_BOOKS, _blind(of_another_model(other)), (0.8, 0.9)),
        Fault("vectors swapped, and no encoder", "vectors.words", 0.05, _OF_BOOKS, _blind(plant.swapped), (0.03, 0.02)),
        Fault("half of all swapped, and no encoder", "vectors.words", 0.5, _OF_BOOKS, _blind(plant.swapped), (0.33, 0.2)),
        Fault("most of all swapped, and no encoder", "vectors.words", 0.67, _OF_BOOKS, _blind(plant.swapped), (0.8, 0.9)),
        Fault("one vector given to several", "vectors.duplicates", 0.001, _OF_BOOKS, plant.duplicated),
        Fault("nearly one vector given to several", "vectors.near_duplicates", 0.001, _OF_BOOKS, plant.nearly_duplicated),
        Fault("zero vectors", "vectors.zero", 0.001, _OF_BOOKS, in_some(lambda rows, _: rows * 0)),
        Fault("NaN in vectors", "vectors.finite", 0.001, _OF_BOOKS, in_some(lambda rows, random: _one_value(rows, np.nan, random))),
        Fault("infinity in vectors", "vectors.finite", 0.001, _OF_BOOKS, in_some(lambda rows, random: _one_value(rows, np.inf, random))),
        Fault("vectors not normalised", "vectors.norms", 0.001, _OF_BOOKS, in_some(_stretched)),
        Fault(
            "noise in some",
            "vectors.foreign",
            0.01,
            _OF_BOOKS,
            in_some(lambda rows, random: distortions.noisy(rows, 0.1, random)),
            (0.005, 0.002),
        ),
        Fault("noise in all", "vectors.rounded", 0.01, "of the length", in_all(distortions.noisy), (0.005,)),
        Fault("steps of 8 bits, by vector", "vectors.rounded", 8, "bits", in_all(distortions.in_steps), (10, 12)),
        Fault("steps of 8 bits, by dimension", "vectors.rounded", 8, "bits", in_all(distortions.in_steps_by_dimension), (10, 12)),
        Fault("steps of 4 bits", "vectors.rounded", 4, "bits", in_all(distortions.in_steps)),
        Fault("signs only", "vectors.rounded", 1, "bit", in_all(distortions.signs_only)),
        Fault("rounded to decimals", "vectors.rounded", 4, "decimals", in_all(distortions.rounded), (5, 6)),
        Fault("stored as float16", "vectors.rounded", 16, "bits", in_all(distortions.halved)),
        Fault("descriptions changed", "vectors.stale", 0.001, _OF_BOOKS, plant.edited_texts),
        Fault("facts changed", "vectors.corpus", 0.001, _OF_BOOKS, plant.edited_facts),
        Fault("strange vectors added", "vectors.orphaned", 0.001, _OF_BOOKS, plant.added),
        Fault("books deleted", "vectors.count", 0.001, _OF_BOOKS, plant.removed),
    ]


def geometry_faults() -> list[Fault]:
    return [
        Fault("signs turned", "geometry.dimensions", 0.005, _OF_DIMENSIONS, in_all(distortions.inverted)),
        Fault("dimensions left empty", "geometry.dimensions", 0.005, _OF_DIMENSIONS, in_all(distortions.emptied)),
        Fault("dimensions permuted", "geometry.dimensions", 0.005, _OF_DIMENSIONS, in_all(distortions.permuted)),
        Fault("dimensions doubled", "geometry.dimensions", 0.005, _OF_DIMENSIONS, in_all(distortions.rescaled)),
        Fault("a constant added", "geometry.centre", 0.05, "of the length", in_all(distortions.moved), (0.02, 0.01)),
        Fault("the mean taken off", "geometry.centre", 0.1, "of the mean", in_all(distortions.centred), (0.05, 0.02)),
        Fault("drawn towards the mean", "geometry.anisotropy", 0.1, "of the way", in_all(distortions.drawn_together), (0.05, 0.02)),
        Fault("few principal axes kept", "geometry.spectrum", 0.25, "of the axes", in_all(distortions.projected), (0.4, 0.6)),
        Fault("rotated", "geometry.gap", 1, "", in_all(distortions.rotated)),
        Fault("rotated, seen from the titles", "index.own_title", 1, "", in_all(distortions.rotated)),
        Fault("the mean given to some", "geometry.hubness", 1, "books", plant.hubs),
    ]


def prompted_faults() -> list[Fault]:
    """For a collection of a model that tells queries from documents."""
    return [Fault("books encoded as queries", "vectors.tower", 0.01, _OF_BOOKS, plant.as_queries)]


def _one_value(rows: Vectors, value: float, random: np.random.Generator) -> np.ndarray:
    changed = rows.copy()
    changed[np.arange(len(rows)), random.integers(0, rows.shape[1], len(rows))] = value
    return changed


def _stretched(rows: Vectors, random: np.random.Generator) -> np.ndarray:
    return np.asarray(rows * random.uniform(1.01, 3, (len(rows), 1)))


def _blind(planted: plant.Plant) -> plant.Plant:
    """The same where no encoder can be opened to compare with."""

    def without_encoder(specimen: Specimen, strength: float, random: np.random.Generator) -> Specimen:
        return plant.copy_of(planted(specimen, strength, random), asked=None, problem="no model")

    return without_encoder


def _miscounted(specimen: Specimen, strength: float, random: np.random.Generator) -> Specimen:
    return manifest_with(count=specimen.manifest.count + int(strength))(specimen, strength, random)


class _Coarse(Disguised):
    """The encoder with noise: what a low precision does to it."""

    noise = 0.0

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._coarse(super().encode_queries(texts))

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._coarse(super().encode_documents(texts))

    def _coarse(self, rows: Vectors) -> Vectors:
        return np.asarray(distortions.noisy(rows, self.noise, np.random.default_rng(0)), dtype=np.float32)


def _less_precise(specimen: Specimen, strength: float, random: np.random.Generator) -> Specimen:
    assert specimen.asked is not None
    coarse = _Coarse(specimen.asked, specimen.manifest.encoder, "int8")
    coarse.noise = strength
    return plant.copy_of(specimen, asked=coarse)
