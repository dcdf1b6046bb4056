"""Who imports whom: the direction of the packages, and where each library may be known."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import search

ROOT = Path(search.__file__).parents[1]
PACKAGES = ("conf", "datasets", "models", "search")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
# What may be imported where: files and folders.
HOME = {
    "optuna": {
        *("search/backends/optuna.py", "search/pruners.py", "search/insight.py"),
        "search/export.py",
    },
    "keras_tuner": {"search/backends/keras_tuner.py"},
    "mlflow": {"search/tracking"},
    "alembic": {"search/tracking"},
    "sqlalchemy": {"search/tracking"},
    "dask": {"search/engine/dask.py"},
    "distributed": {"search/engine/dask.py", "search/engine/dask_worker.py"},
    "hydra._internal": {"search/hydra_app.py"},
    "matplotlib": {"search/plots", "search/artifacts.py"},
    "jinja2": {"search/report/html.py"},
    "plotly": {"search/report"},
    "pooch": {"datasets/fetch.py"},
    "sklearn": {"models/baselines/linear.py"},
    "vega_datasets": {"datasets/seattle.py"},
}


def names_in(file: Path) -> Iterator[str]:
    """Dotted names of everything that `file` imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


IMPORTS = {file.relative_to(ROOT).as_posix(): frozenset(names_in(file)) for file in FILES}


def importers(module: str) -> set[str]:
    """The files that import `module` or anything below it."""
    return {
        file
        for file, imported in IMPORTS.items()
        if any(name == module or name.startswith(f"{module}.") for name in imported)
    }


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("datasets", ("search", "models", "conf", "tensorflow", "keras", "hydra", "omegaconf")),
        ("models", ("search", "conf", "hydra", "omegaconf", "pandas")),
        ("conf", ("search", "models", "datasets")),
    ],
)
def test_lower_packages_do_not_know_the_ones_above(
    package: str, forbidden: tuple[str, ...]
) -> None:
    for module in forbidden:
        assert not {file for file in importers(module) if file.startswith(f"{package}/")}


@pytest.mark.parametrize("library", HOME)
def test_a_library_is_known_at_its_home_alone(library: str) -> None:
    found = importers(library)
    assert found, f"nothing imports {library}: drop the rule"
    strangers = {
        file
        for file in found
        if not any(file == home or file.startswith(f"{home}/") for home in HOME[library])
    }
    assert not strangers


def test_the_rules_are_looked_at() -> None:
    assert len(FILES) > 50
    assert "search/sweep.py" in importers("search.config")


def test_a_result_is_read_without_tensorflow() -> None:
    """The coordinator gets it from a worker, and shall not wait for an import then."""
    code = (
        "import pickle, sys, search.engine.dask\n"
        "from search.result import Epoch, Execution, Result\n"
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
    heavy |= {"plotly", "jinja2"}
    assert "search" in loaded
    assert not loaded & heavy
    assert "Usage: sweepcast" in done.stdout
    assert not any(tmp_path.iterdir())
