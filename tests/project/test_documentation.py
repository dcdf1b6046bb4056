"""The documentation matches the program: examples run, tables are complete, links work."""

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from docs.architecture import LAYERS
from search import cli
from search.config import compose
from search.config.schema import Config, EngineOptions
from search.config.validation import validated
from search.space.notation import parse_space

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md")))
}
README, CONTRIBUTING = PAGES["README.md"], PAGES["CONTRIBUTING.md"]
GROUPS = sorted(path.name for path in (ROOT / "conf").glob("[a-z]*/"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# Packages of the examples; the first comment of an example names its file.
EXAMPLE_FILE = re.compile(r"^# ((?:harbour|mypackage)/[\w/]+\.(?:py|yaml))", re.MULTILINE)
# Overrides that make a study of any size tiny.
TINY = ("engine=inline", "training.epochs=1", "tracking.figures=none", "study.finalists=0")
# First words of the other lines in shell blocks. Targets of make are checked in test_packaging.py,
# `mlflow models serve` in tests/commands/test_promote.py.
OTHER_PROGRAMS = {"make", ".", "export", "mlflow", "curl", "python3", ".venv/bin/python", ".ci/run"}


def blocks(text: str, *languages: str) -> list[str]:
    """Returns the fenced blocks of a page in these languages."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [content for language, content in found if language in languages]


def command_lines(text: str) -> list[list[str]]:
    """Returns the words of each line in the shell blocks of a page, without variables."""
    found = []
    for line in "".join(blocks(text, "sh", "console")).splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        if words and words[-1].startswith("$("):
            words = shlex.split(words[-1][2:-1])
        if words:
            found.append(words)
    return found


def calls(text: str) -> list[list[str]]:
    """Returns the arguments of each call of `sweepcast` in the shell blocks of a page."""
    return [words[1:] for words in command_lines(text) if words[0] == "sweepcast"]


def is_trained_here(words: list[str]) -> bool:
    """Whether a call trains the examples of a page, and is run with tiny settings."""
    return words[0] in ("sweep", "train") and "--config-dir" in words


# Each call once, whatever number of pages shows it.
CALLS = [
    list(words) for words in dict.fromkeys(tuple(w) for text in PAGES.values() for w in calls(text))
]
TRAINING = [words for words in CALLS if words[0] in ("sweep", "train")]
EXAMPLES = [
    words for text in (CONTRIBUTING, README) for words in calls(text) if is_trained_here(words)
]
OTHER_CALLS = [words for words in CALLS if words not in TRAINING]


def table(page: str, first_heading: str) -> list[list[list[str]]]:
    """Returns the texts in backticks of each cell of the table that starts with this heading."""
    _, found, rest = PAGES[page].partition(f"\n| {first_heading} |")
    assert found, f"{page} has no table of {first_heading!r}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [[re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:-1]] for row in rows]


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with all example files of the pages; their packages can be imported."""
    folder = tmp_path_factory.mktemp("examples")
    for block in (block for text in PAGES.values() for block in blocks(text, "python", "yaml")):
        name = EXAMPLE_FILE.search(block)
        assert name, f"this example does not name its file:\n{block}"
        path = folder / name[1]
        assert not path.exists(), f"two examples are {name[1]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    packages = [path.name for path in folder.iterdir()]
    for package in packages:
        (folder / package / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for module in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[module]


@pytest.fixture
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the examples, as the working directory."""
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def study(folder: Path) -> str:
    """The name of a study in the store of that folder, for the calls that need one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.run(["--quiet", *calls(CONTRIBUTING)[0], *TINY, "study.name=shown"]) == 0
    return "shown"


@pytest.fixture(scope="module")
def champion(folder: Path, study: str, eagerly: Callable[[], Any]) -> None:
    """Promotes the best trial of that study, and writes a history to forecast from."""
    hours = [f"2026-03-{day:02d} {hour:02d}:00" for day in range(1, 5) for hour in range(24)]
    rows = [f"{hour},{len(hour) % 3}" for hour in hours]
    (folder / "recent.csv").write_text("\n".join(["timestamp,level", *rows]))
    (promotion,) = [words for words in OTHER_CALLS if words[0] == "promote"]
    words = [word.replace("STUDY", study) for word in promotion]
    with pytest.MonkeyPatch.context() as patch, eagerly():
        patch.chdir(folder)
        assert cli.run([*words, "--seeds", "1", "--force", "--trust", "harbour"]) == 0


# --------------------------------------------------------------------- commands


@pytest.mark.parametrize("words", EXAMPLES, ids=" ".join)
def test_the_examples_of_own_packages_run(
    words: list[str], there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 2 if "backend=genetic" in words else 1  # a backend gets the score of the first trial
    assert cli.run([*words, *TINY, f"study.trials={count}"]) == 0
    study = re.findall(r"^study: +(\S+)$", capsys.readouterr().out, re.MULTILINE)[-1]
    assert cli.run(["leaderboard", study, "--json"]) == 0
    board = json.loads(capsys.readouterr().out)

    command, chosen = words[0], dict(word.split("=", 1) for word in words[3:])
    backend = "train" if command == "train" else chosen.get("backend", "optuna")
    assert study.startswith(f"tides-{chosen['model']}-{backend}-")
    assert board["unit"] == ("m" if "harbour/conf" in words else "")
    trials = [row for row in board["rows"] if row["kind"] == "trial"]
    assert [trial["state"] for trial in trials] == ["complete"] * count
    for trial in trials:
        assert bool(trial["params"]) == ("space" in chosen)
        if chosen.get("space") == "[dilated]":  # it has a condition
            by_sgd = trial["params"]["training.optimizer"] == "sgd"
            assert ("training.clipnorm" in trial["params"]) == by_sgd


def test_the_readme_reads_a_csv_file(
    there: Path, eager: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (words,) = [words for words in calls(README) if "dataset=csv" in words]
    hours = [f"2026-03-{day:02d} {hour:02d}:00" for day in range(1, 25) for hour in range(24)]
    rows = [f"{hour},{number % 24}" for number, hour in enumerate(hours)]
    Path("load.csv").write_text("\n".join(["hour,load", *rows]))
    assert cli.run([*words, *TINY, "study.trials=1", "model=dense", "space=[window]"]) == 0
    assert "MAE MW" in capsys.readouterr().out


@pytest.mark.parametrize("words", [w for w in TRAINING if w not in EXAMPLES], ids=" ".join)
def test_a_call_that_trains_is_valid(
    words: list[str], there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call is composed and validated, but not run."""
    checked = []

    def check(config: Config) -> int:
        searched = config if words[0] == "sweep" else replace(config, space={})
        checked.append(parse_space(validated(searched)))
        return 0

    assert compose.run(words[1:], check) == 0
    assert checked or "--cfg" in words
    assert ("task:" in capsys.readouterr().out) == ("--cfg" in words)


@pytest.mark.parametrize("words", OTHER_CALLS, ids=" ".join)
def test_the_other_calls_work(
    words: list[str],
    there: Path,
    study: str,
    eagerly: Callable[[], Any],
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if words[0] == "ui":  # it would not return
        assert all(flag in cli.USAGE for flag in words if flag.startswith("--"))
        return
    if words[0] in ("promote", "forecast"):
        request.getfixturevalue("champion")
    if words[0] == "promote":
        return
    words = [word.replace("STUDY", study).replace("seattle", "tides") for word in words]
    if words[0] in ("evaluate", "reproduce", "export"):  # the study uses a package of the user
        words += ["--trust", "harbour"]
    capsys.readouterr()
    with eagerly() if words[0] == "evaluate" else nullcontext():
        assert cli.run(words) == 0
    assert len(capsys.readouterr().out.splitlines()) > (0 if words[0] == "export" else 2)


def test_every_line_of_a_shell_block_is_of_a_known_program() -> None:
    for page, text in PAGES.items():
        for words in command_lines(text):
            assert words[0] == "sweepcast" or words[0] in OTHER_PROGRAMS, f"{page}: {words}"


def test_examples_of_json_are_valid() -> None:
    for block in (block for text in PAGES.values() for block in blocks(text, "json")):
        assert json.loads(block)


# --------------------------------------------------------------------- tables and names


def test_the_readme_starts_with_two_commands() -> None:
    first = blocks(README, "sh")[0]
    assert [line.partition("#")[0].strip() for line in first.splitlines()] == [
        "make sweep",
        "make test",
    ]


def test_the_readme_is_short() -> None:
    assert len(README) <= 9000


def test_the_folder_tree_is_complete() -> None:
    (tree,) = blocks(README, "")
    top, listed = ROOT, []
    for line in tree.splitlines():
        name = line.split()[0]
        top = top if line.startswith("  ") else ROOT / name
        path = top / name if line.startswith("  ") else top
        assert path.exists(), line
        listed.append(path)
    packages = {path.parent for path in (ROOT / "search").glob("*/__init__.py")}
    assert packages | {ROOT / name for name in ("conf", "models", "datasets")} <= set(listed)


def test_the_index_lists_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w.]+\.md)\)", PAGES["docs/README.md"]))
    assert linked == {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}


def test_every_command_is_listed() -> None:
    rows = table("docs/commands.md", "command")
    assert [row[0][0].split()[1] for row in rows] == list(cli.COMMANDS)
    for row in rows:
        assert row[0][0].split()[1] in cli.USAGE


def test_every_group_is_listed_with_its_keys_and_options() -> None:
    rows = {row[0][0]: row[1:] for row in table("docs/configuration.md", "group")}
    assert sorted(rows) == GROUPS
    for group, (keys, listed) in rows.items():
        assert sorted(listed) == options(group), group
        typed = Config.__annotations__.get(group)
        if is_dataclass(typed):
            assert keys == [field.name for field in fields(typed)], group


@pytest.mark.parametrize(
    ("page", "heading", "group"),
    [
        ("docs/datasets.md", "`dataset=`", "dataset"),
        ("docs/models.md", "`model=`", "model"),
        ("docs/spaces.md", "fragment of `space=[…]`", "space"),
        ("docs/backends.md", "`backend=`", "backend"),
        ("docs/backends.md", "`pruner=`", "pruner"),
        ("docs/cluster.md", "`engine=`", "engine"),
    ],
)
def test_every_option_of_a_group_has_a_row(page: str, heading: str, group: str) -> None:
    assert sorted(row[0][0] for row in table(page, heading)) == options(group)


def test_every_engine_key_has_a_row() -> None:
    keys = [row[0][0] for row in table("docs/cluster.md", "key")]
    assert keys == [f"engine.{field.name}" for field in fields(EngineOptions)]


def test_every_transform_is_a_lever() -> None:
    levers = {row[0][0] for row in table("docs/levers.md", "lever")}
    assert levers >= {f"transform.{key}" for key in Config().plain()["transform"]}


def test_every_extra_is_listed() -> None:
    assert [row[0][0] for row in table("docs/installation.md", "extra")] == list(EXTRAS)


def test_contributing_lists_the_packages_in_the_order_of_their_imports() -> None:
    chain = re.search(r"after it here: (.*?)\. Run", CONTRIBUTING, re.DOTALL)
    assert chain
    listed = [set(re.findall(r"`(\w+)`", row)) for row in chain[1].split("→")]
    used_everywhere = {"errors", "seeds"}
    rows = [
        {name.removeprefix("search.") for name in layer if name.startswith("search.")}
        - used_everywhere
        for layer in reversed(LAYERS)
    ]
    assert listed == [row for row in rows if row]


# --------------------------------------------------------------------- links


def anchors(text: str) -> set[str]:
    """Returns the anchors that GitHub gives to the headings of a page."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "page", [*PAGES, "CHANGELOG.md", "benchmarks/README.md"], ids=lambda page: page
)
def test_links_lead_to_files_and_headings(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path.read_text("utf-8")), target
