"""The doctor compares what is installed with the locks, and says what is otherwise and what mends it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from vibeshelf.core.settings import Settings
from vibeshelf.services import doctor
from vibeshelf.services.doctor import examine


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose locks are what is installed here."""
    folder = tmp_path / "repository"
    folder.mkdir()
    write(folder, f"numpy=={version('numpy')}", f"streamlit=={version('streamlit')}")
    monkeypatch.setattr(doctor, "_REPOSITORY", folder)
    return folder


def write(folder: Path, *lines: str) -> None:
    for name in ("requirements.lock", "requirements-serve.lock"):
        (folder / name).write_text("".join(f"{line} \\\n    --hash=sha256:{'0' * 64}\n    # via something\n" for line in lines))


def of_packages(settings: Settings) -> tuple[dict[str, Any], list[dict[str, str]]]:
    report = examine(settings)
    return report["lock"], [each for each in report["problems"] if "packages" in each["what"]]


def test_an_environment_as_locked_has_no_drift(settings: Settings, repository: Path) -> None:
    lock, problems = of_packages(settings)
    assert (lock["drift"], lock["missing"], problems) == ([], [], [])


def test_another_version_is_explained_with_both(settings: Settings, repository: Path) -> None:
    write(repository, "numpy==0.0.1", f"streamlit=={version('streamlit')}")
    lock, (problem,) = of_packages(settings)
    assert lock["drift"] == [{"package": "numpy", "locked": "0.0.1", "installed": version("numpy")}]
    assert problem["what"] == f"1 packages are not the locked versions: numpy {version('numpy')} (locked: 0.0.1)"
    assert problem["fix"] == "make clean setup"


def test_a_package_that_is_locked_for_several_machines_is_none_of_the_versions_or_fine(settings: Settings, repository: Path) -> None:
    here = version("numpy")
    write(repository, f"numpy=={here} ; python_full_version >= '3.11'", "numpy==0.0.1 ; python_full_version < '3.11'")
    assert of_packages(settings)[0]["drift"] == []


def test_what_is_missing_is_said_but_not_what_is_for_other_machines(settings: Settings, repository: Path) -> None:
    write(repository, f"numpy=={version('numpy')}", "no-such-package==1.0", "not-for-here==1.0 ; sys_platform == 'win32'")
    lock, (problem,) = of_packages(settings)
    assert lock["missing"] == ["no-such-package"]
    assert problem["what"] == "1 locked packages are not installed: no-such-package"
    assert problem["fix"] == "make setup"


def test_the_locks_of_the_repository_are_read_whole() -> None:
    for name in ("requirements.lock", "requirements-serve.lock"):
        path = doctor._REPOSITORY / name
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "==" in line and line[:1].isalnum()]
        assert len(doctor._pins(path)) == len(lines) > 50
