"""Creates short labels for trials from their configuration."""

from typing import Any


def label(config: dict[str, Any]) -> str:
    """Returns a label such as `conv 64×6 · gru 32 · w24 · adam` for a complete configuration."""
    model, parts = config["model"], []
    conv, recurrent, dense = (model.get(block) or {} for block in ("conv", "recurrent", "dense"))
    if conv.get("layers"):
        strides = f"/{conv['strides']}" if conv["strides"] > 1 else ""
        parts.append(f"{_times(conv)}conv {conv['filters']}×{conv['kernel_size']}{strides}")
    if recurrent.get("layers"):
        both = "bi" if recurrent["bidirectional"] else ""
        parts.append(f"{_times(recurrent)}{both}{recurrent['cell']} {recurrent['units']}")
    if dense.get("layers"):
        parts.append(f"{_times(dense)}dense {dense['units']}")
    if not parts:
        parts.append("linear" if "conv" in model else str(model.get("name", "")))
    skip = model.get("skip")
    if skip and skip != "none":
        parts.append("ridge" if skip == "ridge" else "skip")
    return " · ".join(
        [*parts, f"w{config['task']['window_size']}", config["training"]["optimizer"]]
    )


def _times(block: dict[str, Any]) -> str:
    return f"{block['layers']}×" if block["layers"] > 1 else ""
