"""Opens a new or resumed study, so that no other process can run it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from omegaconf import OmegaConf

from search.backends.base import Backend
from search.errors import BadInput
from search.pruners import Pruner
from search.study.first_points import FirstPoints, first_points
from search.study.history import StudyHistory
from search.study.preparation import PreparedStudy, build_backend, build_pruner
from search.study.restore import restore
from search.tracking import git, names, studies
from search.tracking.ledger import Ledger
from search.tracking.reading import Record
from search.tracking.store.lock import held, leased, locked
from search.tracking.studies import StoredStudy
from search.tracking.tags import StudyTags


@dataclass(frozen=True, eq=False)
class Session:
    """A study that is locked by this process.

    Attributes:
        prepared: configuration, series and baselines of the study.
        uri: URI of the store.
        stored: the study in the store; None if the study is new.
        first: points that the study tries first.
        backend: backend of the study, restored from the trials in the store.
        pruner: pruner of the study, restored from the trials in the store.
        history: trials in the store.
        stack: releases the locks of the session.
    """

    prepared: PreparedStudy
    uri: str
    stored: StoredStudy | None
    first: FirstPoints
    backend: Backend
    pruner: Pruner
    history: StudyHistory
    stack: ExitStack

    @property
    def runs(self) -> list[Record]:
        """The runs that the study had when the session was opened."""
        return self.stored.runs if self.stored else []

    @property
    def baseline_states(self) -> dict[str, str]:
        """The states of the baselines in the store, by name."""
        return {
            run.tags.get(names.BASELINE, ""): str(run.state)
            for run in self.runs
            if run.kind == "baseline"
        }

    def open_ledger(self) -> Ledger:
        """Returns the ledger of the study. A new study is created first, with its baselines."""
        prepared = self.prepared
        tags = StudyTags(
            study=prepared.name,
            backend=str(prepared.config.backend["name"]),
            digest=prepared.series.digest,
            checkout=git.checkout(),
        )
        if self.stored:
            return studies.resume(self.stored, tags)
        ledger = studies.create(
            self.uri,
            dataset=prepared.series.name,
            tags=tags,
            parts=prepared.parts,
            series=prepared.series,
            config_yaml=OmegaConf.to_yaml(OmegaConf.create(prepared.config.plain())).encode(),
        )
        self.stack.enter_context(leased(ledger.client, ledger.parent, prepared.name))
        for baseline in prepared.baselines:
            ledger.log_baseline(baseline.name, baseline.metrics, baseline.settings)
        return ledger


@contextmanager
def open_session(prepared: PreparedStudy, uri: str) -> Iterator[Session]:
    """Locks a study and restores it from the store.

    Raises:
        BadInput: the study cannot run with this configuration, or another process is running it.
            The store is unchanged.
    """
    pruner = build_pruner(prepared)
    stored = studies.find_same(uri, prepared.name, prepared.parts)
    trials = [run for run in stored.runs if run.kind == "trial"] if stored else []
    backend = build_backend(prepared, restored=len({run.number for run in trials}), beside=pruner)
    guesses = [] if backend.multi_fidelity else prepared.guesses
    first = first_points(prepared.config, prepared.space, uri, guesses)
    if first.points and backend.multi_fidelity:
        raise BadInput(
            f"backend {prepared.config.backend['name']} chooses all points itself and cannot start "
            "from given points:\nremove study.enqueue and study.warm_start"
        )
    # Invalid input is rejected before the lock file is written.
    with locked(uri, prepared.name), ExitStack() as stack:
        found = studies.find_same(uri, prepared.name, prepared.parts)
        if (found and found.record) != (stored and stored.record):
            raise held(prepared.name)  # another process has run it since it was read
        if stored:
            stack.enter_context(leased(stored.client, stored.record.run_id, prepared.name))
        history = StudyHistory()
        if stored:
            history = restore(
                trials,
                stored.curves(pruner.active),
                prepared.space,
                backend,
                pruner,
                longest=prepared.space.longest(prepared.config.training.epochs),
                objectives=prepared.config.study.objectives,
            )
        yield Session(prepared, uri, stored, first, backend, pruner, history, stack)
