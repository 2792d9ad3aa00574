"""The import rules of the design, held by reading the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "vibeshelf"
LAYERS = ("core", "adapters", "services", "ui")
ONE_DOOR = {
    "streamlit": ("app.py", "pages/", "src/vibeshelf/ui/"),
    "chromadb": ("src/vibeshelf/adapters/chroma.py",),
    "torch": ("src/vibeshelf/adapters/encoders/",),
    "sentence_transformers": ("src/vibeshelf/adapters/encoders/",),
    "onnxruntime": ("src/vibeshelf/adapters/encoders/",),
    "openvino": ("src/vibeshelf/adapters/encoders/",),
    "ir_measures": ("src/vibeshelf/services/measures.py",),
    "prometheus_client": ("src/vibeshelf/adapters/metrics.py",),
    "fsspec": ("src/vibeshelf/adapters/artifacts.py",),
}
ONLY_INSIDE_FUNCTIONS = ("torch", "sentence_transformers", "onnxruntime", "openvino", "ir_measures", "scipy", "prometheus_client")


def sources() -> list[Path]:
    return [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "eval").rglob("*.py"), *PACKAGE.rglob("*.py")]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each imported module with its line, type-checking blocks left out."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")))


def _imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and child.level == 0:
            yield child.module, child.lineno
        yield from _imports(child)


def module_level_imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    return {name.split(".")[0] for name, _ in _imports(tree)}


def layer_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    if parts[0] in ("app.py", "pages"):
        return "page"
    if parts[0] == "eval":
        return "eval"
    if parts[2] in ("cli.py", "commands"):
        return "ui"
    return parts[2] if parts[2] in LAYERS else "package"


def may_import(layer: str, target: str) -> bool:
    if layer == "page":
        return True
    if layer == "eval":
        return target != "ui"
    return layer == "package" or LAYERS.index(target) <= LAYERS.index(layer)


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_imports_point_down_only(path: Path) -> None:
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] == "vibeshelf" and len(parts) > 1 and parts[1] in LAYERS:
            assert may_import(layer_of(path), parts[1]), f"{relative(path)}:{line} imports upwards: {name}"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_nothing_imports_eval_pages_or_tests(path: Path) -> None:
    if layer_of(path) == "eval":
        return
    for name, line in imports(path):
        assert name.split(".")[0] not in ("eval", "pages", "tests", "app"), f"{relative(path)}:{line} imports {name}"


@pytest.mark.parametrize("library", sorted(ONE_DOOR))
def test_each_library_has_one_door(library: str) -> None:
    users = {relative(path) for path in sources() if any(name.split(".")[0] == library for name, _ in imports(path))}
    users = {user for user in users if not user.startswith("eval/")}
    strangers = {user for user in users if not user.startswith(ONE_DOOR[library])}
    assert not strangers, f"{library} is imported outside {ONE_DOOR[library]}: {strangers}"


@pytest.mark.parametrize("path", sources(), ids=relative)
def test_heavy_libraries_load_only_inside_functions(path: Path) -> None:
    if layer_of(path) != "eval":
        assert not module_level_imports(path) & set(ONLY_INSIDE_FUNCTIONS)


def test_the_rules_can_fail(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import torch\ndef f():\n    from vibeshelf.ui import layout\n")
    assert [name for name, _ in imports(wrong)] == ["torch", "vibeshelf.ui"]
    assert module_level_imports(wrong) == {"torch"}
    assert not may_import("services", "ui")
    assert not may_import("eval", "ui")
