"""`make install` on machines that lack something, in a directory with an unusual name.

The checkouts here contain the real Makefile and setup script, and a project with its own build
backend, so that pip needs no network.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = shutil.which("make") or "make"

BACKEND = """
import pathlib, zipfile
INFO = "fake-1.dist-info"
TEXT = {
    "METADATA": "Metadata-Version: 2.1\\nName: fake\\nVersion: 1\\n"
    + "Provides-Extra: cpu\\nProvides-Extra: dev\\n"
    + pathlib.Path("requires").read_text(),
    "WHEEL": "Wheel-Version: 1.0\\nGenerator: fake\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "fake-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        for key, text in TEXT.items():
            wheel.writestr(f"{INFO}/{key}", text)
    return name
build_wheel = build_editable
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Returns a checkout that needs nothing but pip."""
    path = tmp_path / 'it\'s a "checkout" #1 é'
    shutil.copytree(ROOT / ".ci", path / ".ci")
    shutil.copy(ROOT / "Makefile", path)
    (path / "backend.py").write_text(BACKEND)
    (path / "requires").write_text("")
    (path / "constraints.txt").write_text("")
    (path / "pyproject.toml").write_text(
        '[project]\nname = "fake"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return path


def install(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PYTHON": sys.executable, **environment}
    return subprocess.run(
        [MAKE, "install"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def only(directory: Path, *, python: str) -> str:
    """Returns a PATH with the tools of the script, and with `python` under each name of Python."""
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        script(directory / name, python)
    for tool in ("sh", "rm", "grep"):
        (directory / tool).symlink_to(shutil.which(tool) or tool)
    return str(directory)


def test_install_completes_once_and_runs_again_only_for_new_pins(checkout: Path) -> None:
    venv, ready = checkout / ".venv", checkout / ".venv/.ready"
    venv.mkdir()
    (venv / ".begun").touch()  # left by an interrupted installation
    (venv / "half-a-package").touch()
    first = install(checkout)
    assert first.returncode == 0, first.stderr
    assert not (venv / "half-a-package").exists()
    assert not (venv / ".begun").exists()
    made = ready.stat().st_mtime_ns
    (venv / "kept").touch()

    assert install(checkout).returncode == 0
    assert ready.stat().st_mtime_ns == made

    os.utime(checkout / "constraints.txt", ns=(made + 10**9, made + 10**9))
    assert install(checkout).returncode == 0
    assert ready.stat().st_mtime_ns != made
    assert (venv / "kept").exists()


def test_a_machine_without_a_tensorflow_wheel_is_explained(checkout: Path) -> None:
    (checkout / "requires").write_text("Requires-Dist: tensorflow-cpu>=2.21; extra == 'cpu'\n")
    done = install(checkout)
    assert done.returncode != 0
    assert "TensorFlow has no wheel for this machine" in done.stderr
    assert "install such a Python" in done.stderr
    assert not (checkout / ".venv/.ready").exists()


def test_failing_shims_are_not_used_as_python(checkout: Path, tmp_path: Path) -> None:
    path = only(tmp_path / "bin", python="echo 'command not found' >&2; exit 127")
    done = install(checkout, PATH=path, PYTHON="python3.12")
    assert done.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13 was found" in done.stderr
    assert "make PYTHON=/path/to/python3.12 install" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_ensurepip_is_explained(checkout: Path, tmp_path: Path) -> None:
    shim = f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"'
    done = install(checkout, PATH=only(tmp_path / "bin", python=shim), PYTHON="")
    assert done.returncode != 0
    assert "its ensurepip is missing" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_directory_that_setuptools_cannot_build_in_is_rejected(checkout: Path) -> None:
    moved = checkout.with_name("for $5")
    checkout.rename(moved)
    done = install(moved)
    assert done.returncode != 0
    assert "Move the checkout" in done.stderr
