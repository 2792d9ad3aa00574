"""The guard between a collection and an encoder: they belong together, or nothing is searched."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.adapters.encoders.reference_texts import CANARY_TEXTS
from vibeshelf.adapters.index import Index
from vibeshelf.core.errors import ModelMismatch
from vibeshelf.core.records import Canary, EncoderSpec, Manifest

SAME_PRECISION_COSINE = 0.999
# Across precisions (fp16, bf16, int8 of the same weights): measured least cosines are .97 and above.
OTHER_PRECISION_COSINE = 0.96


def make_canaries(encoder: Encoder) -> tuple[Canary, ...]:
    """Return the fixed texts with this encoder's vectors in both towers."""
    queries, documents = encoder.encode_queries(CANARY_TEXTS), encoder.encode_documents(CANARY_TEXTS)
    return tuple(
        Canary(text, tuple(map(float, query)), tuple(map(float, document)))
        for text, query, document in zip(CANARY_TEXTS, queries, documents, strict=True)
    )


def require_match(index: Index, encoder: Encoder) -> None:
    """Raise ModelMismatch, naming the first property that differs and the command that mends it, unless they belong together."""
    for what, of_built, of_asked in differences(index.manifest.encoder, encoder.spec):
        raise ModelMismatch(index.name, what, of_built, of_asked, how_to_match(index.manifest, encoder.spec))
    _require_stored_dimension(index)
    _require_canaries(index, encoder)


def differences(built: EncoderSpec, asked: EncoderSpec) -> list[tuple[str, str, str]]:
    """Return (what, of the one, of the other) for every property in which two encoders differ and their vectors would, too."""
    return [each for each in _properties(built, asked) if each[1] != each[2]]


def _properties(built: EncoderSpec, asked: EncoderSpec) -> Iterator[tuple[str, str, str]]:
    def each(what: str, say: Callable[[EncoderSpec], str]) -> tuple[str, str, str]:
        return what, say(built), say(asked)

    if built.dimension != asked.dimension:
        yield each("dimension", lambda spec: f"{spec.dimension}-d vectors of '{spec.model}'")
    if built.weights_sha256 != asked.weights_sha256:
        yield each("model", lambda spec: f"'{spec.model}' (weights {spec.weights_sha256[:12]})")
    yield each("tokenizer", lambda spec: spec.tokenizer_sha256[:12])
    yield each("pooling", lambda spec: spec.pooling)
    yield each("maximum length", lambda spec: f"{spec.max_tokens} tokens")
    yield each("query prompt", lambda spec: repr(spec.query_prompt))
    yield each("document prompt", lambda spec: repr(spec.document_prompt))
    yield each("normalisation", lambda spec: str(spec.normalised))


def how_to_match(manifest: Manifest, asked: EncoderSpec) -> str:
    """Return the command that brings a collection and an encoder together."""
    rebuild = f"vibeshelf ingest SOURCE --model {shlex.quote(asked.model)} --collection {manifest.collection}-2"
    if asked.model == manifest.encoder.model:
        return f"The model of that name has changed: restore its files, or build a new collection: {rebuild}"
    return f"Search with --model {shlex.quote(manifest.encoder.model)}, or build a new collection: {rebuild}"


def _require_stored_dimension(index: Index) -> None:
    stored = index.stored_dimension()
    if stored is not None and stored != index.manifest.encoder.dimension:
        raise ModelMismatch(
            index.name,
            "dimension",
            f"{index.manifest.encoder.dimension}-d by its manifest",
            f"{stored}-d by its stored vectors",
            f"It is damaged; build it again: vibeshelf ingest SOURCE --collection {index.name}-2",
        )


def _require_canaries(index: Index, encoder: Encoder) -> None:
    bound, least = bound_of(index.manifest, encoder), float(canary_cosines(index.manifest, encoder).min())
    if not least >= bound:
        raise ModelMismatch(
            index.name,
            "canary texts' vectors",
            f"cosine 1 to themselves (at least {bound} is expected)",
            f"cosine {least:.3f} from '{encoder.spec.model}' on {encoder.backend} {encoder.precision}",
            f"Encode with --backend torch, or build a new collection: vibeshelf ingest SOURCE --collection {index.name}-2",
        )


def bound_of(manifest: Manifest, encoder: Encoder) -> float:
    """Return the cosine that this encoder's vector of a text must have, at least, with the stored one of the same text."""
    return SAME_PRECISION_COSINE if encoder.precision == manifest.precision else OTHER_PRECISION_COSINE


def canary_cosines(manifest: Manifest, encoder: Encoder) -> npt.NDArray[np.float32]:
    """Return the cosine of each canary's stored vectors with what the encoder gives now, float32 (2, n_canaries): queries, documents."""
    texts = [canary.text for canary in manifest.canaries]
    queries = encoder.encode_queries(texts)
    same_tower = encoder.spec.query_prompt == encoder.spec.document_prompt
    documents = queries if same_tower else encoder.encode_documents(texts)
    stored = np.array([[canary.query_vector, canary.document_vector] for canary in manifest.canaries], dtype=np.float32)
    return np.asarray([(stored[:, 0] * queries).sum(axis=1), (stored[:, 1] * documents).sum(axis=1)])
