"""Runs the recipes, evaluates their best trials on the test block and writes docs/results.md.

    make results GISS=station.csv CET=meantemp_daily_totals.txt [RECIPES="giss_best seattle_best"]

The figures of each recipe are kept in docs/results.json. RECIPES names the recipes to run again; by
default, only missing ones are run. The store is build/results; an interrupted recipe is resumed.
"""

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RECORD = DOCS / "results.json"
STORE = ROOT / "build" / "results"
RECIPES = ROOT / "conf" / "experiment"
SEEDS = 5  # per evaluation
# Training one of these models takes 4 to 15 minutes.
FEW_SEEDS = {
    "cet_simple_rnn": 2,
    "seatac_bidirectional": 2,
    "seatac_gru_dropout": 2,
    "seatac_simple_rnn_long": 2,
}
# The same recipe with a longer test block; all choices are made on the data before it.
VARIANTS = {"giss_best, last 240 months": ("giss_best", ["task.test=240"])}
# Published scores on the same series, by the name of the dataset.
PUBLISHED = {
    "synthetic": "4.39 (the chapter's tuned Conv1D, on its validation targets)",
    "giss": "1.435 (two-layer SimpleRNN, 0.277 normalised)",
    "cet": "about 1.37 (two-layer SimpleRNN, 0.256 normalised)",
    "seattle": "–",
}


@dataclass(frozen=True)
class Recipe:
    """One row of the table: a recipe and its overrides."""

    name: str
    experiment: str
    overrides: list[str]

    @property
    def command(self) -> list[str]:
        """The words of the command in the recipe's header, followed by the overrides."""
        text = (RECIPES / f"{self.experiment}.yaml").read_text(encoding="utf-8")
        found = re.search(r"^# command: +([^\n(]+)", text, re.MULTILINE)
        if found is None:
            raise SystemExit(f"{self.experiment}.yaml has no command in its header")
        return [*shlex.split(found[1])[1:], *self.overrides]


def recipes() -> list[Recipe]:
    """Returns the rows of the table: all recipes, then the variants."""
    names = sorted(path.stem for path in RECIPES.glob("*.yaml"))
    variants = [Recipe(name, *what) for name, what in VARIANTS.items() if what[0] in names]
    return [Recipe(name, name, []) for name in names] + variants


def sweepcast(*words: str) -> str:
    """Runs the program on the store of the results and returns its output."""
    done = subprocess.run(
        [sys.executable, "-m", "search", *words],
        cwd=STORE,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"sweepcast {shlex.join(words)} ended with status {done.returncode}")
    return done.stdout


def measured(recipe: Recipe, command: list[str]) -> dict[str, Any]:
    """Runs a recipe and evaluates its best trial; returns all figures of its row."""
    started = time.monotonic()
    output = sweepcast("--quiet", *command)
    searched = time.monotonic() - started
    (study,) = re.findall(r"^study: +(\S+)$", output, re.MULTILINE)
    board = json.loads(sweepcast("leaderboard", study, "--json"))
    best = next(row for row in board["rows"] if row["kind"] in ("trial", "ensemble"))
    baseline = next(row for row in board["rows"] if row["kind"] == "baseline")
    figures: dict[str, Any] = {
        "command": shlex.join(["sweepcast", *recipe.command]),
        "seconds": round(searched),
        "unit": board["unit"],
        "trials": sum(row["kind"] == "trial" for row in board["rows"]),
        "best": best["name"],
        "params": best["params"],
        "validation": best["fresh"] or {k: v for k, v in best.items() if "validation/" in k},
        "validation_seeds": best["fresh_seeds"] or 1,
        "validation_baseline": [baseline["name"], baseline["validation/mae"]],
    }
    if "chapter" in recipe.experiment:  # like the chapter, these have no test block
        return figures
    seeds = str(FEW_SEEDS.get(recipe.experiment, SEEDS))
    found = json.loads(sweepcast("evaluate", f"{study}:best", "--seeds", seeds, "--json"))
    figures["test"] = found["metrics"]
    figures["test_seeds"] = found["seeds"]
    figures["test_baseline"] = found["baseline"]
    if recipe.experiment.endswith("_best") and not recipe.overrides:
        keep_picture(found["run_id"], recipe.experiment)
    return figures


def keep_picture(run_id: str, name: str) -> None:
    """Copies the figure of the forecast of the test block to docs/images."""
    (picture,) = (STORE / "mlruns" / "artifacts").rglob(f"{run_id}/artifacts/forecast.png")
    shutil.copy(picture, DOCS / "images" / f"{name}.png")


def row(name: str, figures: dict[str, Any]) -> str:
    """Returns a line of the table."""
    validation, test = figures["validation"], figures.get("test")
    seeds = figures["validation_seeds"]
    spread = f" ± {validation['validation/mae_std']:.3f}" if seeds > 1 else ""
    cells = [
        f"`{name}`",
        f"{validation['validation/mae']:.3f}{spread} ({seeds})",
        f"{figures['validation_baseline'][1]:.3f}",
    ]
    if test is None:
        cells += ["–", "–", "–"]
    else:
        best = figures["test_baseline"]
        test_spread = f" ± {test['test/mae_std']:.3f}" if test["test/mae_std"] else ""
        ends = f"{test['test/skill_low']:+.1%} to {test['test/skill_high']:+.1%}"
        cells += [
            f"{test['test/mae']:.3f}{test_spread} ({figures['test_seeds']})",
            f"{test[f'test/baseline/{best}/mae']:.3f} {best.replace('_', ' ')}",
            f"{test['test/skill']:+.1%} ({ends})",
        ]
    return f"| {' | '.join(cells)} | {figures['seconds'] / 60:.1f} min |"


HEAD = """\
# Results

`make results` writes this page. The MAE is in the units of the series, for one step ahead.
*Validation* is the score behind the choice of a trial: for a search, the mean of the chosen trial
over fresh seeds (number of seeds in brackets). *Test* is the block at the end of the series, which
nothing reads before the evaluation: mean ± standard deviation over fresh seeds, trained on all data
before the block, next to the baseline that was best on validation. An ensemble has one score: it
averages the seeds of its members. Rows measured before there were textbook baselines compare with
the baseline that is best on the test block, in hindsight. The skill comes with the 95 % interval
of a paired block bootstrap over the targets. The time is that of the search or training, without
the test.

"""
GOALS = {"giss_best": 1.04, "cet_best": 1.265, "seattle_best": 2.03, "synthetic_best": 4.33}


def document(record: dict[str, Any]) -> str:
    """Returns docs/results.md."""
    best = {name: figures for name, figures in record.items() if name.startswith(tuple(GOALS))}
    parts = [HEAD, "## The recipes with a goal\n\n", table(best), "\n"]
    for name, goal in GOALS.items():
        if name not in record:
            continue
        test, dataset = record[name]["test"], name.removesuffix("_best")
        mae = test["test/mae"]
        word = "reached" if mae <= goal else "MISSED"
        beside = ", ".join(
            f"{key.split('/')[2].replace('_', ' ')} {value:.3f}"
            for key, value in sorted(test.items(), key=lambda item: item[1])
            if key.startswith("test/baseline/")
        )
        parts.append(
            f"\n### {name}\n\nGoal {goal:.3f}, test MAE {mae:.3f}: {word}. "
            f"Published: {PUBLISHED[dataset]}.\nBaselines: {beside}.\n\n"
            f"`{record[name]['command']}` chose {record[name]['best']} from "
            f"{record[name]['trials']} trials.\n\n"
            f"![Forecast of the test block]({f'images/{name}.png'})\n"
        )
    others = {name: figures for name, figures in record.items() if name not in best}
    parts += ["\n## The experiments of the chapter\n\n", table(others)]
    return "".join(parts)


def table(record: dict[str, Any]) -> str:
    """Returns a table of results."""
    lines = [
        "| recipe | validation MAE | best baseline | test MAE | that baseline | skill | time |",
        "|---|---|---|---|---|---|---|",
        *(row(name, figures) for name, figures in record.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Runs the requested recipes and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*")
    parser.add_argument("--giss", default="")
    parser.add_argument("--cet", default="")
    options = parser.parse_args()
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    sources = {"giss": options.giss, "seatac": options.giss, "cet": options.cet}
    (STORE / "mlruns").mkdir(parents=True, exist_ok=True)
    for recipe in recipes():
        wanted = recipe.name in options.recipes if options.recipes else recipe.name not in record
        if not wanted:
            continue
        command = recipe.command
        source = sources.get(recipe.experiment.partition("_")[0])
        if source == "":
            print(f"{recipe.name}: skipped, its file is not given", flush=True)  # noqa: T201
            continue
        if source:
            place = f"dataset.source={Path(source).resolve()}"
            command = [w for w in command if not w.startswith("dataset.source=")] + [place]
        print(f"{recipe.name}: sweepcast {shlex.join(command)}", flush=True)  # noqa: T201
        record[recipe.name] = measured(recipe, command)
        order = [recipe.name for recipe in recipes()]
        record = {name: record[name] for name in order if name in record}
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (DOCS / "results.md").write_text(document(record), encoding="utf-8")


if __name__ == "__main__":
    main()
