from importlib import resources

import numpy as np
import pytest
import yaml
from omegaconf import OmegaConf

from models.conv import Conv
from models.dense import Dense
from models.forecaster import forecaster
from models.recurrent import Recurrent

BLOCKS = {"conv": Conv, "recurrent": Recurrent, "dense": Dense}
NAMES = ("dense", "conv", "recurrent", "conv_recurrent")


def _preset(name):
    text = (resources.files("conf") / "model" / f"{name}.yaml").read_text("utf-8")
    options = yaml.safe_load(text)
    assert options.pop("_target_") == "models.forecaster.forecaster"
    assert options.pop("name") == name
    return options


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_lists_every_option(name):
    options = _preset(name)
    assert set(options) == {*BLOCKS, "head", "skip", "ridge_trainable", "shrinkage"}
    for block, schema in BLOCKS.items():
        assert list(options[block]) == list(OmegaConf.structured(schema))


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_builds(name):
    options = _preset(name)
    for block, schema in BLOCKS.items():
        merged = OmegaConf.merge(OmegaConf.structured(schema), options[block])
        options[block] = OmegaConf.to_object(merged)
    model = forecaster((24, 2), 3, **options)
    assert model(np.ones((2, 24, 2), "float32")).shape == (2, 3)
    has_conv, has_recurrent = "conv" in name, "recurrent" in name
    assert any(layer.name.startswith("conv_") for layer in model.layers) == has_conv
    assert any(layer.name.startswith("recurrent_") for layer in model.layers) == has_recurrent


@pytest.mark.parametrize("schema", BLOCKS.values())
def test_a_block_can_be_overridden_as_a_structured_configuration(schema):
    changed = OmegaConf.merge(OmegaConf.structured(schema), {"layers": 3})
    assert OmegaConf.to_object(changed) == schema(layers=3)
