"""The typed configuration: round trip, and the identity and name of a study."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.config.dotted import flatten, with_values
from search.config.identity import identity, identity_parts, study_name
from search.config.schema import Config, EngineOptions, from_plain, to_config, worker_count
from search.config.validation import validated
from search.errors import BadInput

keys = st.sampled_from("abc")
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.integers(), max_size=2))
trees = st.dictionaries(
    keys,
    st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, min_size=1), max_leaves=4),
    min_size=1,
)


def identified(config: Config, digest: str = "d") -> str:
    return identity(identity_parts(validated(config), digest))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("study.seed", 1),
        ("study.executions", 2),
        ("space.training", {"epochs": [1, 2]}),
        ("training.epochs", 3),
        ("task.window_size", 7),
        ("transform.calendar", 1),
        ("model.name", "another"),
        ("model.dense.units", 3),
        ("backend.n_startup_trials", 3),
        ("pruner.warmup", 1),
    ],
)
def test_a_setting_that_affects_trials_changes_the_identity(
    default_config: Config, name: str, value: Any
) -> None:
    another = from_plain(with_values(default_config.plain(), {name: value}))
    assert identified(another) != identified(default_config)


def test_different_data_change_the_identity(default_config: Config) -> None:
    assert identified(default_config, "other") != identified(default_config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("study.trials", 3),
        ("study.timeout", 9.0),
        ("study.max_failed", 2),
        ("study.name", "mine"),
        ("engine.workers", 0),
        ("engine.threads", 2),
        ("engine.memory_limit", "2GB"),
        ("tracking.uri", "sqlite:///x.db"),
        ("tracking.models", "none"),
        ("tracking.figures", "none"),
        ("dataset.source", "elsewhere"),
    ],
)
def test_budget_engine_tracking_and_source_do_not_change_the_identity(
    default_config: Config, name: str, value: Any
) -> None:
    same = from_plain(with_values(default_config.plain(), {name: value}))
    assert identity(identity_parts(same, "d")) == identity(identity_parts(default_config, "d"))
    assert same != default_config


def test_an_explicit_default_does_not_change_the_identity(
    composed: Callable[..., Config], default_config: Config
) -> None:
    spelled = composed("space=[]", "~backend.n_startup_trials", "training.batch_size=32")
    assert "n_startup_trials" not in spelled.backend
    assert identified(spelled) == identified(default_config)


def test_the_study_name_is_configured_or_derived_from_the_identity(default_config: Config) -> None:
    assert study_name(default_config, "0123456789") == "seattle-conv_recurrent-optuna-012345"
    named = replace(default_config, study=replace(default_config.study, name="mine"))
    assert study_name(named, "0123456789") == "mine"


def test_plain_values_are_converted_back_to_a_typed_configuration(default_config: Config) -> None:
    assert from_plain(default_config.plain()) == default_config


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("training.epoch", "training.epoch is not a configuration key: did you mean 'epochs'?"),
        ("trainings", "trainings is not a configuration key: did you mean 'training'?"),
    ],
)
def test_an_added_unknown_key_is_rejected(default_config: Config, key: str, text: str) -> None:
    from omegaconf import OmegaConf, open_dict

    typed = OmegaConf.structured(default_config)  # like the configuration that Hydra composes
    with open_dict(typed):
        OmegaConf.update(typed, key, 3, force_add=True)
    with pytest.raises(BadInput) as caught:
        to_config(typed)
    assert str(caught.value).startswith(text)


def test_an_interpolation_of_a_missing_key_is_reported(default_config: Config) -> None:
    with pytest.raises(BadInput, match=r"cannot be resolved at task\.season: .*'task\.seasons'"):
        from_plain(with_values(default_config.plain(), {"task.season": "${task.seasons}"}))


@given(trees)
def test_dotted_names_lead_back_to_their_leaves(tree: dict[str, Any]) -> None:
    for name, value in flatten(tree).items():
        node: Any = tree
        for part in name.split("."):
            node = node[part]
        assert node == value


@given(trees, st.data())
def test_with_values_changes_only_the_named_leaf(tree: dict[str, Any], data: st.DataObject) -> None:
    before = flatten(tree)
    name = data.draw(st.sampled_from(sorted(before)))
    changed = with_values(tree, {name: "new"})
    assert flatten(changed) == {**before, name: "new"}
    assert flatten(tree) == before


@pytest.mark.parametrize(("workers", "count"), [(0, 0), (3, 3), ("auto", None)])
def test_worker_count(workers: int | str, count: int | None) -> None:
    found = worker_count(Config(engine=EngineOptions(workers=workers)))
    assert found == count if count is not None else 1 <= found <= (os.cpu_count() or 1)


@pytest.mark.parametrize("workers", [-1, "many", True])
def test_an_invalid_worker_count_is_rejected(workers: Any) -> None:
    with pytest.raises(BadInput, match=r"engine\.workers is .*: expected auto"):
        worker_count(Config(engine=EngineOptions(workers=workers)))
