"""Reads who imports whom from the sources, and draws docs/images/architecture.svg from it.

python docs/architecture.py
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
TOP_LEVEL = ("conf", "datasets", "models", "search")
# From the bottom up: a package imports only packages of the rows below its own.
LAYERS = (
    ("datasets", "conf", "search.errors", "search.seeds"),
    ("models", "search.config"),
    ("search.space",),
    ("search.plots", "search.trial", "search.backends"),
    ("search.engine", "search.tracking", "search.pruners"),
    ("search.serving", "search.baselines"),
    ("search.study", "search.ensembles"),
    ("search.retraining",),
    ("search.promotion",),
    ("search.results",),
    ("search.report", "search.terminal"),
    ("search.commands",),
    ("search.cli",),
)
# Imported by name, once it is known which command was given.
BY_NAME = {"search.cli": "search.commands"}
# Imported almost everywhere, so an arrow to one of them says nothing.
EVERYWHERE = ("search.errors", "search.seeds")


def module_of(file: Path) -> str:
    """Returns the dotted name of a source file."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def sources() -> dict[str, Path]:
    """Returns the files of the project's packages by their dotted names."""
    files = (file for top in TOP_LEVEL for file in (ROOT / top).rglob("*.py"))
    return {module_of(file): file for file in sorted(files)}


def imported_names(file: Path) -> Iterator[str]:
    """Yields the dotted names of everything that `file` imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_imports() -> dict[str, frozenset[str]]:
    """Returns the modules of the project that each module imports."""
    files = sources()
    found = {}
    for module, file in files.items():
        names = set(imported_names(file))
        # `from a.b import c` names a.b.c; where that is a module, a.b itself is not used.
        parents = {name.rpartition(".")[0] for name in names if name in files}
        parents -= _used_for_more(names, files)
        found[module] = frozenset((names & files.keys()) - parents - {module})
    return found


def _used_for_more(names: Iterable[str], modules: Mapping[str, Path]) -> set[str]:
    """Returns the packages of which something other than a module is imported."""
    others = [name for name in names if name not in modules]
    return {name.rpartition(".")[0] for name in others}


def package_of(module: str) -> str:
    """Returns the box of the picture that a module belongs to."""
    return ".".join(module.split(".")[: 2 if module.startswith("search.") else 1])


def package_imports() -> dict[str, frozenset[str]]:
    """Returns the packages that each package imports."""
    found: dict[str, set[str]] = {package: set() for layer in LAYERS for package in layer}
    for module, imported in module_imports().items():
        package = package_of(module)
        if package in found:
            found[package] |= {package_of(name) for name in imported} & found.keys() - {package}
    for package, imported in BY_NAME.items():
        found[package].add(imported)
    return {package: frozenset(imported) for package, imported in found.items()}


def reduced(imports: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Returns the imports without those that follow from others: the arrows of the picture."""

    def reached(package: str) -> set[str]:
        return set(imports[package]).union(*(reached(name) for name in imports[package]))

    return {
        package: frozenset(
            name
            for name in imported
            if not any(name in reached(other) for other in imported if other != name)
        )
        for package, imported in imports.items()
    }


WIDTH, BOX, HEIGHT, GAP, MARGIN = 1240, 296, 78, 42, 12
STYLE = """
    text { font-family: system-ui, sans-serif; font-size: 12px; fill: #333 }
    .name { font-size: 14px; font-weight: 600; fill: #111 }
    rect { fill: #f4f7fb; stroke: #4a6fa5; rx: 6 }
    path { fill: none; stroke: #8a99ad; stroke-width: 1.3 }
"""


def sentence_of(package: str) -> str:
    """Returns the first sentence of a package's docstring."""
    text = ast.get_docstring(ast.parse(sources()[package].read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def drawn() -> str:
    """Returns the picture: a row a layer, the commands at the top, and the arrows downwards."""
    places: dict[str, tuple[float, float]] = {}
    rows = len(LAYERS)
    for row, layer in enumerate(LAYERS):
        y = MARGIN + (rows - 1 - row) * (HEIGHT + GAP)
        side = (WIDTH - len(layer) * BOX) / (len(layer) + 1)
        for column, package in enumerate(layer):
            places[package] = (side + column * (BOX + side), y)
    arrows = []
    for package, imported in reduced(package_imports()).items():
        x, y = places[package]
        for name in sorted(imported - set(EVERYWHERE)):
            to_x, to_y = places[name]
            start, end = (x + BOX / 2, y + HEIGHT), (to_x + BOX / 2, to_y - 3)
            bend = (end[1] - start[1]) / 2
            arrows.append(
                f'<path d="M{start[0]:.0f} {start[1]:.0f} C{start[0]:.0f} {start[1] + bend:.0f} '
                f'{end[0]:.0f} {end[1] - bend:.0f} {end[0]:.0f} {end[1]:.0f}" '
                'marker-end="url(#tip)"/>'
            )
    boxes = []
    for package, (x, y) in places.items():
        shown = package.removeprefix("search.") if package != "search.cli" else "cli"
        lines = wrap(sentence_of(package).replace("`", ""), 42)[:3]
        boxes.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX}" height="{HEIGHT}"/>')
        boxes.append(f'<text class="name" x="{x + 10:.0f}" y="{y + 20:.0f}">{shown}</text>')
        boxes += [
            f'<text x="{x + 10:.0f}" y="{y + 38 + 15 * i:.0f}">{escape(line)}</text>'
            for i, line in enumerate(lines)
        ]
    height = 2 * MARGIN + rows * HEIGHT + (rows - 1) * GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}">',
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill: #8a99ad"/>'
            "</marker></defs>",
            f'<rect width="{WIDTH}" height="{height}" style="fill: #fff; stroke: none"/>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
