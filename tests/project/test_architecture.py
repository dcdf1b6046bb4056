"""The imports of the project: their direction, and the files that may import each library."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from docs.architecture import (
    LAYERS,
    PICTURE,
    ROOT,
    drawn,
    imported_names,
    module_imports,
    package_imports,
    package_of,
    sources,
)

FILES = [*sources().values()]
# Files and folders that may import a library.
HOME = {
    "optuna": {"search/backends/optuna.py", "search/pruners", "search/results"},
    "keras_tuner": {"search/backends/keras_tuner.py"},
    "mlflow": {"search/tracking"},
    "alembic": {"search/tracking"},
    "sqlalchemy": {"search/tracking"},
    "dask": {"search/engine/dask.py"},
    "distributed": {"search/engine/dask.py", "search/engine/dask_worker.py"},
    "hydra._internal": {"search/config/compose.py"},
    "matplotlib": {"search/plots", "search/engine/artifacts.py"},
    "jinja2": {"search/report/html.py"},
    "plotly": {"search/report"},
    "pooch": {"datasets/parsing/fetch.py"},
    "sklearn": {"models/baselines/linear.py"},
    "statsforecast": {"models/baselines/textbook.py", "models/baselines/rebuilt.py"},
    "vega_datasets": {"datasets/seattle.py"},
}
IMPORTS = {file.relative_to(ROOT).as_posix(): frozenset(imported_names(file)) for file in FILES}


def importers(module: str) -> set[str]:
    """Returns the files that import `module` or anything below it."""
    return {
        file
        for file, imported in IMPORTS.items()
        if any(name == module or name.startswith(f"{module}.") for name in imported)
    }


def test_a_package_imports_only_packages_of_the_layers_below() -> None:
    below: set[str] = set()
    imports = package_imports()
    for layer in LAYERS:
        for package in layer:
            assert imports[package] <= below, f"{package} imports {imports[package] - below}"
        below |= set(layer)
    outside = {"search", "search.__main__"}  # the version, and `python -m search`
    assert {package_of(module) for module in sources()} - outside == below


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(module_imports()).prepare()


def test_a_private_name_is_used_only_in_its_own_module() -> None:
    foreign = {
        f"{file}: {name}"
        for file, imported in IMPORTS.items()
        for name in imported
        if name.partition(".")[0] in ("conf", "datasets", "models", "search")
        and name.rpartition(".")[2].startswith("_")
        and not name.rpartition(".")[2].startswith("__")
    }
    assert not foreign  # ruff's SLF001 checks the same for attributes


def test_folders_and_files_stay_small() -> None:
    folders = {file.parent for file in FILES}
    counts = {str(folder.relative_to(ROOT)): len([*folder.glob("*.py")]) for folder in folders}
    assert not {folder: count for folder, count in counts.items() if count > 11}
    lengths = {file: len(file.read_text("utf-8").splitlines()) for file in FILES}
    assert not {file.name: length for file, length in lengths.items() if length > 300}
    assert sorted(lengths.values())[len(lengths) // 2] <= 120


def test_every_package_docstring_starts_with_a_sentence() -> None:
    for file in (ROOT / "search").rglob("__init__.py"):
        text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        assert text.partition("\n\n")[0].endswith("."), (
            f"the docstring of {file} must start with a sentence"
        )


def test_the_diagram_of_the_architecture_is_up_to_date() -> None:
    assert PICTURE.read_text("utf-8") == drawn(), "run: .venv/bin/python docs/architecture.py"


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("datasets", ("search", "models", "conf", "tensorflow", "keras", "hydra", "omegaconf")),
        ("models", ("search", "conf", "hydra", "omegaconf", "pandas")),
        ("conf", ("search", "models", "datasets")),
    ],
)
def test_lower_packages_do_not_import_higher_ones(package: str, forbidden: tuple[str, ...]) -> None:
    for module in forbidden:
        assert not {file for file in importers(module) if file.startswith(f"{package}/")}


@pytest.mark.parametrize("library", HOME)
def test_a_library_is_imported_only_by_its_own_files(library: str) -> None:
    found = importers(library)
    assert found, f"nothing imports {library}: remove it from HOME"
    others = {
        file
        for file in found
        if not any(file == home or file.startswith(f"{home}/") for home in HOME[library])
    }
    assert not others


def test_the_checks_find_files_and_imports() -> None:
    assert len(FILES) > 50
    assert "search/commands/sweep.py" in importers("search.config.schema")


def test_a_result_is_read_without_tensorflow() -> None:
    """The coordinator receives results from workers and must not wait for this import."""
    code = (
        "import pickle, sys, search.engine.dask\n"
        "from search.trial.result import Epoch, Execution, Result\n"
        "executions = (Execution(0, 0, (Epoch(0, 1., 1., 1., 1., 1.),), None, None, {}, 1.),)\n"
        "pickle.loads(pickle.dumps(Result(0, 'complete', executions=executions)))\n"
        "print({'tensorflow', 'keras'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "search", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.split("\n")}
    heavy = {"tensorflow", "keras", "keras_tuner", "mlflow", "optuna", "dask", "distributed"}
    heavy |= {"hydra", "omegaconf", "numpy", "pandas", "sklearn", "scipy", "matplotlib", "rich"}
    heavy |= {"plotly", "jinja2", "statsforecast"}
    assert "search" in loaded
    assert not loaded & heavy
    assert "Usage: sweepcast" in done.stdout
    assert not any(tmp_path.iterdir())
