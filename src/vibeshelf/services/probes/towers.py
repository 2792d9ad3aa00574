"""Towers: whether the encoder that answers queries is the one that made the collection's vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from vibeshelf.adapters.encoders import Encoder
from vibeshelf.core.probes import FAIL, NOT_APPLICABLE, PASS, WARN, Figure
from vibeshelf.services.guard import SAME_PRECISION_COSINE, bound_of, differences, how_to_match
from vibeshelf.services.probes.probe import Finding, Probe
from vibeshelf.services.probes.specimen import Specimen

# What of an encoder is compared by which probe; guard.differences gives these names.
_COMPARED = {
    "dimension": ("dimension",),
    "fingerprint": ("model", "tokenizer"),
    "prompts": ("query prompt", "document prompt"),
    "pooling": ("pooling",),
    "length": ("maximum length",),
    "normalisation": ("normalisation",),
}
_UNSEEN = "the model cannot be opened"


def _compare(name: str) -> Callable[[Specimen], Finding]:
    def look(specimen: Specimen) -> Finding:
        if specimen.asked is None:
            return Finding(FAIL if name == "fingerprint" else NOT_APPLICABLE, f"{_UNSEEN}: {specimen.problem}", "vibeshelf doctor")
        manifest, asked = specimen.manifest, specimen.asked.spec
        found = [each for each in differences(manifest.encoder, asked) if each[0] in _COMPARED[name]]
        if found:
            observed = "; ".join(f"{what}: built with {built}, asked for {other}" for what, built, other in found)
            return Finding(FAIL, observed, how_to_match(manifest, asked))
        return Finding(PASS, _said(specimen, name))

    return look


def _said(specimen: Specimen, name: str) -> str:
    spec = specimen.manifest.encoder
    return {
        "dimension": f"{spec.dimension} in manifest and encoder",
        "fingerprint": f"'{spec.model}', weights {spec.weights_sha256[:12]}, tokenizer {spec.tokenizer_sha256[:12]}",
        "prompts": f"query {spec.query_prompt!r}, document {spec.document_prompt!r}",
        "pooling": spec.pooling,
        "length": f"{spec.max_tokens} tokens",
        "normalisation": "unit vectors" if spec.normalised else "vectors as they come",
    }[name]


def _stored_dimension(specimen: Specimen) -> Finding:
    finding = _compare("dimension")(specimen)
    expected = specimen.manifest.encoder.dimension
    stored = specimen.index.stored_dimension() if specimen.index is not None else specimen.holdings.vectors.shape[1]
    if finding.status != FAIL and stored not in (None, expected):
        rebuild = f"vibeshelf ingest SOURCE --collection {specimen.manifest.collection}-2"
        return Finding(FAIL, f"the stored vectors have {stored} dimensions, the manifest says {expected}", rebuild)
    return finding


def _canaries(specimen: Specimen) -> Finding:
    if specimen.asked is None:
        return Finding(NOT_APPLICABLE, f"{_UNSEEN}: {specimen.problem}")
    manifest, cosines = specimen.manifest, specimen.canaries
    if cosines is None:
        return Finding(NOT_APPLICABLE, "vectors of different dimensions cannot be compared")
    bound = bound_of(manifest, specimen.asked)
    least, at = float(cosines.min()), int(cosines.min(axis=0).argmin())
    # The comparison is written so that NaN does not pass.
    status = PASS if least >= bound else FAIL
    observed = f"least cosine {least:.4f} over {len(manifest.canaries)} texts in two towers"
    if status == FAIL:
        observed += f", of the text '{manifest.canaries[at].text}'"
    figures: dict[str, Figure] = {
        "text": tuple(canary.text for canary in manifest.canaries),
        "query_cosine": tuple(map(float, cosines[0])),
        "document_cosine": tuple(map(float, cosines[1])),
        "bound": bound,
    }
    fix = f"vibeshelf ingest SOURCE --collection {manifest.collection}-2" if status == FAIL else ""
    return Finding(status, observed, fix, f"cosine {bound} or more", figures=figures)


def _precision(specimen: Specimen) -> Finding:
    if specimen.asked is None:
        return Finding(NOT_APPLICABLE, f"{_UNSEEN}: {specimen.problem}")
    built, asked = specimen.manifest.precision, specimen.asked.precision
    if built == asked:
        return Finding(PASS, f"{built} on both sides")
    if specimen.encoder is None or specimen.canaries is None:
        return Finding(NOT_APPLICABLE, f"built in {built}, searched in {asked}, by another encoder")
    least = float(specimen.canaries.min())
    observed = f"built in {built}, searched in {asked}: least cosine {least:.4f} on the canary texts"
    if least >= SAME_PRECISION_COSINE:
        return Finding(PASS, observed)
    return Finding(WARN, observed, f"vibeshelf ingest SOURCE --precision {asked} --collection {specimen.manifest.collection}-2")


def _versions(specimen: Specimen) -> Finding:
    changed = list(_changed_versions(specimen.manifest.versions, specimen.asked))
    if not changed:
        return Finding(PASS, "the libraries that made the vectors are the ones here")
    observed = "; ".join(f"{name} {then}, now {now}" for name, then, now in changed)
    if _majors_differ(changed):
        return Finding(WARN, observed, f"make clean setup, or vibeshelf ingest SOURCE --collection {specimen.manifest.collection}-2")
    return Finding(PASS, observed)


def _changed_versions(built: dict[str, str], asked: Encoder | None) -> Iterator[tuple[str, str, str]]:
    if asked is None:
        return
    for name, then in sorted(built.items()):
        try:
            now = version(name)
        except PackageNotFoundError:
            now = "not installed"
        if now.partition("+")[0] != then.partition("+")[0]:
            yield name, then, now


def _majors_differ(changed: list[tuple[str, str, str]]) -> bool:
    # A missing package made nothing here; which engine runs is the business of the canaries.
    return any(now != "not installed" and then.split(".")[0] != now.split(".")[0] for _, then, now in changed)


_OTHER_MODEL = "Queries and books are encoded by different models: every distance between them is noise, and nothing else would notice."
PROBES = (
    Probe(
        "towers.dimension",
        "Dimension",
        "one dimension in manifest, store and encoder",
        "Vectors of different lengths cannot be compared at all.",
        _stored_dimension,
        cheap=True,
    ),
    Probe(
        "towers.fingerprint",
        "Weights and tokenizer",
        "the sha256 that the manifest names",
        _OTHER_MODEL,
        _compare("fingerprint"),
        cheap=True,
    ),
    Probe(
        "towers.prompts",
        "Prompts",
        "the prompts that the manifest names",
        "Texts are put to the model in other words than when the collection was built, which moves every vector.",
        _compare("prompts"),
        cheap=True,
    ),
    Probe(
        "towers.pooling",
        "Pooling",
        "the pooling that the manifest names",
        "Token vectors are brought together in another way than when the collection was built: the results are other vectors.",
        _compare("pooling"),
        cheap=True,
    ),
    Probe(
        "towers.length",
        "Maximum length",
        "the maximum length that the manifest names",
        "Long texts are cut elsewhere than when the collection was built, so that they get other vectors.",
        _compare("length"),
        cheap=True,
    ),
    Probe(
        "towers.normalisation",
        "Normalisation",
        "normalised as the manifest says",
        "One side gives vectors of unit length, the other does not; scores are then no cosines.",
        _compare("normalisation"),
        cheap=True,
    ),
    Probe(
        "towers.canaries",
        "Canaries",
        "the vectors that the building encoder gave the same texts",
        "The encoder claims to be the one that built the collection, but gives other vectors for the same texts.",
        _canaries,
        cheap=True,
    ),
    Probe(
        "towers.precision",
        "Precision",
        f"one precision on both sides, or cosine {SAME_PRECISION_COSINE} or more between them",
        "Books and queries are encoded in different precisions, which moves scores a little and may swap near neighbours.",
        _precision,
        cheap=True,
    ),
    Probe(
        "towers.versions",
        "Library versions",
        "the versions that the manifest names, or such as give the same vectors",
        "The libraries have changed since the collection was built; the canaries say whether the vectors have, too.",
        _versions,
    ),
)
