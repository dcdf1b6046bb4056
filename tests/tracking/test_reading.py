"""Tests which run the argument RUN refers to."""

from typing import Any

import pytest

from search.errors import BadInput
from search.tracking import names
from search.tracking.reading import find_run


def test_a_duplicate_resolves_to_the_finished_run_of_its_original(sweepcast: Any) -> None:
    client = sweepcast.client
    experiment = client.create_experiment("sweepcast/made")
    known = {names.STUDY: "made"}
    study = client.create_run(experiment, tags={**known, names.KIND: "study"}).info.run_id

    def trial(number: int, **tags: str) -> str:
        named = {f"sweepcast.{key}": value for key, value in tags.items()}
        common = {**known, names.KIND: "trial", names.PARENT: study, names.TRIAL: str(number)}
        return str(client.create_run(experiment, tags={**common, **named}).info.run_id)

    trial(0, state="lost")
    original = trial(0, state="complete")
    assert find_run(client, trial(1, state="complete", duplicate_of="0")).run_id == original
    for number in ("2", "7"):  # the trial itself, and a trial that does not exist
        repeated = trial(2, state="complete", duplicate_of=number)
        with pytest.raises(BadInput, match=f"the point of trial {number}, which no longer exists"):
            find_run(client, repeated)
    client.set_tag(study, names.BEST, "made:best")
    with pytest.raises(BadInput, match="there is no run 'made:best'"):
        find_run(client, "made:best")
