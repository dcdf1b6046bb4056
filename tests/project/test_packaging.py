"""The wheel, the pinned versions and the targets of the Makefile match the documentation."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import search

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("conf", "search", "models", "datasets")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TOOLING = (
    "pyproject.toml",
    "constraints.txt",
    "Makefile",
    ".ci/run",
    ".ci/setup.sh",
    ".ci/tidy_constraints.sh",
    ".github/workflows/ci.yml",
)


def requirements() -> list[Requirement]:
    """Returns all requirements of pyproject.toml, including those of all extras."""
    lines = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        lines += extra
    return [Requirement(line) for line in lines]


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines]


def source_files() -> Iterator[str]:
    """Yields the files that a wheel must contain: modules, py.typed, configuration, templates."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in {".py", ".yaml", ".j2", ".css", ".js"} or path.name == "py.typed":
                yield path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = directory.iterdir()
    return path


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_of_this_project_is_the_one_imported(package: str, tmp_path: Path) -> None:
    """Hugging Face's `datasets`, or a folder of that name, must not be imported instead."""
    command = [sys.executable, "-c", f"import {package}; print({package}.__file__)"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == ROOT / package / "__init__.py"


def test_wheel_contains_the_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names >= set(source_files())
    assert {name.split("/")[0] for name in names} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert any(name.startswith("conf/") and name.endswith(".yaml") for name in names)


def test_wheel_has_metadata_licence_and_script(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"sweepcast-{search.__version__}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        scripts = archive.read(f"{info}/entry_points.txt").decode()
        assert "Apache License" in archive.read(f"{info}/licenses/LICENSE").decode()
    assert f"\nVersion: {search.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "sweepcast = search.cli:main" in scripts


def test_a_base_install_does_not_include_tensorflow() -> None:
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert not {name for name in names if name.startswith("tensorflow")}


def test_every_import_is_declared() -> None:
    """A package that another one installs may be missing with the next version of that one."""
    imported: dict[str, str] = {}
    for path in filter(lambda name: name.endswith(".py"), source_files()):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0]: path for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported[node.module.split(".")[0]] = path
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cpu"]
    declared = {canonicalize_name(Requirement(line).name) for line in wanted}
    brought_by = packages_distributions()
    for module in imported.keys() - sys.stdlib_module_names - set(PACKAGES):
        names = {canonicalize_name(name) for name in brought_by[module]}
        assert names & declared, f"{imported[module]} imports {module}: declare {names}"


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
    ],
)
def test_each_platform_gets_one_tensorflow(system: str, machine: str, expected: str) -> None:
    environment = {**default_environment(), "sys_platform": system, "platform_machine": machine}
    for extra in (PROJECT["optional-dependencies"]["cpu"], map(str, pins())):
        chosen = [
            one.name
            for one in map(Requirement, extra)
            if one.name.startswith("tensorflow")
            and (one.marker is None or one.marker.evaluate(environment))
        ]
        assert chosen == [expected]


def test_every_dependency_has_a_comment_with_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:dependencies|cpu|gpu|dev) = \[\n(.*?)^\]", text, re.M | re.S)
    assert len(lists) == 4
    for lines in map(str.splitlines, lists):
        reason = ""
        for line in lines:
            code, _, comment = line.partition("# ")
            reason = comment or reason
            if code.strip():
                assert len(reason.split()) >= 3, line
                reason = ""


def test_constraints_pin_each_name_once_and_contain_no_address() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+( ; [^#/\\]+)?", line), line
    names = [pin.name for pin in pins()]
    assert names == sorted(set(names))


def test_constraints_meet_the_requirements_of_pyproject() -> None:
    pinned = {pin.name: next(iter(pin.specifier)).version for pin in pins()}
    for requirement in requirements():
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(pinned[name]), requirement


@pytest.mark.parametrize("name", TOOLING)
def test_tooling_names_no_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|index-url\s*=|pypi\.|pythonhosted", text)


def make(*arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def targets() -> dict[str, str]:
    """Returns each target that `make help` lists, with its description."""
    return dict(line.removeprefix("make ").split("\t") for line in make("help").splitlines())


def test_make_documents_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert phony is not None
    assert sorted(targets()) == sorted(phony[1].split())


@pytest.mark.parametrize("target", ["install", "sweep", "ui", "check", "test", "test-long"])
def test_make_has_the_target(target: str) -> None:
    make("--dry-run", target)


def test_documents_name_only_targets_that_exist() -> None:
    known = targets()
    for path in sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")):
        named = re.findall(r"(?:^|`|\$ )make ([a-z-]+)", path.read_text(), re.M)
        assert set(named) <= set(known), path.name


@pytest.mark.long
def test_wheel_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Takes minutes, because it installs TensorFlow, from pip's cache if possible."""
    home = tmp_path / "own place"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    install = [scripts / "python", "-m", "pip", "install", "--quiet", f"{wheel}[cpu]"]
    subprocess.run([*install, "-c", ROOT / "constraints.txt"], check=True)
    sweep = [scripts / "sweepcast", "sweep", "study.trials=2", "training.epochs=2"]
    subprocess.run(sweep, cwd=tmp_path, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"own place", "mlruns"}
