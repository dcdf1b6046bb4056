"""The session of a study: this process alone runs it, as a new study or a resumed one."""

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
from search.tracking import git, studies
from search.tracking.ledger import Ledger
from search.tracking.reading import Record
from search.tracking.store.lock import held, leased, locked
from search.tracking.studies import StoredStudy
from search.tracking.tags import StudyTags


@dataclass(frozen=True, eq=False)
class Session:
    """A study that is locked by this process.

    Attributes:
        prepared: its configuration and series.
        uri: of the store.
        stored: the study in the store; None where it is new.
        first: points that it tries first.
        backend: restored from the trials in the store.
        pruner: restored likewise.
        history: the trials in the store.
        stack: closes what the session holds.
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

    def open_ledger(self) -> Ledger:
        """Returns the ledger of the study; a new study is created, with its baselines."""
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
        BadInput: the study cannot run with this configuration, or another process runs it; the
            store is unchanged.
    """
    pruner = build_pruner(prepared)
    stored = studies.find_same(uri, prepared.name, prepared.parts)
    trials = [run for run in stored.runs if run.kind == "trial"] if stored else []
    backend = build_backend(prepared, restored=len({run.number for run in trials}), beside=pruner)
    first = first_points(prepared.config, prepared.space, uri)
    if first.points and backend.multi_fidelity:
        raise BadInput(
            f"backend {prepared.config.backend['name']} proposes rungs of its own, and takes no "
            "points to begin with:\nleave out study.enqueue and study.warm_start"
        )
    # Invalid input is refused before the lock's file is written.
    with locked(uri, prepared.name), ExitStack() as stack:
        found = studies.find_same(uri, prepared.name, prepared.parts)
        if (found and found.record) != (stored and stored.record):
            raise held(prepared.name)  # another process ran it since it was read
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
