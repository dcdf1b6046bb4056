"""The documents say what is there: their examples run, their tables list what exists."""

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from search import cli
from search.config import compose
from search.config.schema import Config
from search.config.validation import validated
from search.space.notation import parse_space

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TOUR = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
GROUPS = sorted(path.name for path in (ROOT / "conf").glob("[a-z]*/"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# Makes a study of any size a tiny one, in this process.
TINY = ("engine=inline", "training.epochs=1", "tracking.figures=none", "study.finalists=0")


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks of a document, by the word behind their opening fence."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [content for language, content in found if language in languages]


def calls(text: str) -> list[list[str]]:
    """The arguments of each call of our program in the shell blocks of a document."""
    found = []
    for line in "".join(blocks(text, "sh", "console")).splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        if words and words[-1].startswith("$("):
            words = shlex.split(words[-1][2:-1])
        if words[:1] == ["sweepcast"]:
            found.append(words[1:])
    return found


def trains(words: list[str]) -> bool:
    return words[0] in ("sweep", "train")


def table(text: str, first_heading: str) -> list[list[list[str]]]:
    """What stands in backticks in each cell of the table whose first column has this heading."""
    _, found, rest = text.partition(f"\n| {first_heading} |")
    assert found, f"there is no table of {first_heading!r}"
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [[re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:-1]] for row in rows]


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with every file that the documents spell out; its package can be imported."""
    folder = tmp_path_factory.mktemp("workplace")
    for block in blocks(README + CONTRIBUTING, "python", "yaml"):
        name = re.search(r"^# (harbour/[\w/]+\.(?:py|yaml))", block, re.MULTILINE)
        assert name, f"this example does not say which file it is:\n{block}"
        path = folder / name[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    (folder / "harbour" / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for module in [name for name in sys.modules if name.partition(".")[0] == "harbour"]:
        del sys.modules[module]


@pytest.fixture
def there(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    return workplace


@pytest.fixture(scope="module")
def store(workplace: Path) -> None:
    """Fills the store of the workplace with a study, for the calls that show one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workplace)
        assert cli.run(["--quiet", *calls(CONTRIBUTING)[0], *TINY]) == 0


@pytest.mark.parametrize("words", calls(CONTRIBUTING), ids=" ".join)
def test_an_example_of_contributing_runs(
    words: list[str], there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = 2 if "backend=genetic" in words else 1  # a backend is told of the first one
    assert cli.run([*words, *TINY, f"study.trials={count}"]) == 0
    study = re.findall(r"^study: +(\S+)$", capsys.readouterr().out, re.MULTILINE)[-1]
    assert cli.run(["leaderboard", study, "--json"]) == 0
    board = json.loads(capsys.readouterr().out)

    command, chosen = words[0], dict(word.split("=", 1) for word in words[3:])
    backend = "train" if command == "train" else chosen.get("backend", "optuna")
    assert study.startswith(f"tides-{chosen['model']}-{backend}-")
    assert board["unit"] == "m"
    trials = [row for row in board["rows"] if row["kind"] == "trial"]
    assert [trial["state"] for trial in trials] == ["complete"] * count
    for trial in trials:
        assert bool(trial["params"]) == ("space" in chosen)
        by_sgd = trial["params"].get("training.optimizer") == "sgd"
        assert ("training.clipnorm" in trial["params"]) == by_sgd


@pytest.mark.parametrize(
    "words", [words for words in calls(README + TOUR) if trains(words)], ids=" ".join
)
def test_a_call_that_trains_is_valid(
    words: list[str], there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Composed and checked, not run."""
    checked = []

    def check(config: Config) -> int:
        searched = config if words[0] == "sweep" else replace(config, space={})
        checked.append(parse_space(validated(searched)))
        return 0

    assert compose.run(words[1:], check) == 0
    assert checked or "--cfg" in words
    assert ("task:" in capsys.readouterr().out) == ("--cfg" in words)


@pytest.mark.parametrize(
    "words",
    [words for words in calls(README + TOUR) if not trains(words) and words[0] != "promote"],
    ids=" ".join,
)
def test_a_call_that_shows_something_works(
    words: list[str], there: Path, store: None, capsys: pytest.CaptureFixture[str]
) -> None:
    if words[0] == "ui":  # it would serve until it is ended
        assert all(flag in cli.USAGE for flag in words if flag.startswith("--"))
    else:
        assert cli.run(["leaderboard", "--json"]) == 0
        study = json.loads(capsys.readouterr().out)["study"]
        words = [word.replace("STUDY", study) for word in words]
        if words[0] in (
            "evaluate",
            "reproduce",
            "export",
        ):  # the study is one of the user's own package
            words += ["--trust", "harbour"]
        if words[0] == "forecast":
            (promotion,) = [call for call in calls(README) if call[0] == "promote"]
            promotion = [word.replace("STUDY", study) for word in promotion]
            assert cli.run([*promotion, "--seeds", "1", "--force", "--trust", "harbour"]) == 0
            words = [word.replace("seattle", "tides") for word in words]
            hours = [
                f"2026-03-{day:02d} {hour:02d}:00" for day in range(1, 5) for hour in range(24)
            ]
            rows = [f"{hour},{len(hour) % 3}" for hour in hours]
            Path("recent.csv").write_text("\n".join(["timestamp,level", *rows]))
        assert cli.run(words) == 0
        assert len(capsys.readouterr().out.splitlines()) > (0 if words[0] == "export" else 2)


# --------------------------------------------------------------------- tables and names


def test_the_readme_begins_with_the_two_commands_that_matter() -> None:
    first = blocks(README, "sh")[0]
    assert [line.partition("#")[0].strip() for line in first.splitlines()] == [
        "make sweep",
        "make test",
    ]


def test_the_readme_lists_every_command() -> None:
    rows = table(README, "command")
    assert [row[0][0].split()[1] for row in rows] == list(cli.COMMANDS)
    for row in rows:
        assert row[0][0].split()[1] in cli.USAGE


def test_the_readme_lists_every_group_with_its_keys_and_options() -> None:
    rows = {row[0][0]: row[1:] for row in table(README, "group")}
    assert sorted(rows) == GROUPS
    for group, (keys, listed) in rows.items():
        assert sorted(listed) == options(group), group
        typed = Config.__annotations__.get(group)
        if is_dataclass(typed):
            assert keys == [field.name for field in fields(typed)], group


@pytest.mark.parametrize(
    ("heading", "group"),
    [
        ("`dataset=`", "dataset"),
        ("`model=`", "model"),
        ("fragment of `space=[…]`", "space"),
        ("`backend=`", "backend"),
        ("`pruner=`", "pruner"),
    ],
)
def test_a_table_of_the_readme_has_a_row_an_option(heading: str, group: str) -> None:
    assert sorted(row[0][0] for row in table(README, heading)) == options(group)


def test_the_readme_lists_every_extra() -> None:
    assert [row[0][0] for row in table(README, "extra")] == list(EXTRAS)


def test_the_folder_tree_names_what_exists() -> None:
    (tree,) = blocks(README, "")
    top = ROOT
    for line in tree.splitlines():
        name = line.split()[0]
        top = top if line.startswith("  ") else ROOT / name
        assert (top / name if line.startswith("  ") else top).is_dir(), line


@pytest.mark.parametrize(
    "document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda path: path.name
)
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert "://" in target or (document.parent / target).exists(), target
