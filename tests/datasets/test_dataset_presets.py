"""Every preset in conf/dataset names a builder of this package and sets all of its options."""

from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
import yaml

import conf
from datasets import load

PRESETS = sorted((Path(conf.__file__).parent / "dataset").glob("*.yaml"))
# Lengths of the series for which the presets choose their parts.
LENGTHS = {"seattle": 1461, "synthetic": 1461, "giss": 901, "cet": 91_005}


@pytest.fixture(params=PRESETS, ids=lambda path: path.stem)
def preset(request):
    text = request.param.read_text(encoding="utf-8")
    assert text.startswith("# @package _global_\n")
    return request.param.stem, yaml.safe_load(text)


def test_there_are_presets():
    assert {"seattle", "synthetic", "giss", "cet", "csv"} <= {path.stem for path in PRESETS}


def test_the_options_and_defaults_are_those_of_the_builder(preset):
    _, content = preset
    options = dict(content["dataset"])
    module, _, function = options.pop("_target_").rpartition(".")
    del options["name"], options["max_gap"]
    parameters = signature(getattr(import_module(module), function)).parameters
    assert list(options) == list(parameters)
    for name, parameter in parameters.items():
        default = None if parameter.default is parameter.empty else parameter.default
        assert options[name] == (list(default) if isinstance(default, tuple) else default)


def test_the_parts_leave_most_of_the_series_to_train_on(preset):
    name, content = preset
    task = content["task"]
    folds = {"folds"} if name == "csv" else set()
    assert set(task) == {"window_size", "horizon", "validation", "test", "season"} | folds
    assert set(content["training"]) == {"batch_size"}
    if name in LENGTHS:
        assert LENGTHS[name] - task["validation"] - task["test"] > LENGTHS[name] / 2


@pytest.mark.parametrize("name", ["seattle", "synthetic"])
def test_presets_that_need_no_file_load(name):
    content = yaml.safe_load((PRESETS[0].parent / f"{name}.yaml").read_text(encoding="utf-8"))
    series = load(content["dataset"])
    assert (series.name, len(series.values)) == (name, LENGTHS[name])
