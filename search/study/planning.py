"""Makes the plan of a trial: its complete configuration, its seed and the baselines to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from search.backends.base import Proposal
from search.baselines.scoring import Baseline
from search.config.dotted import with_values
from search.config.schema import Config
from search.space.space import Space
from search.tracking import names
from search.tracking.ledger import Ledger
from search.trial.trial import Plan, Start


@dataclass(frozen=True, eq=False)
class Planner:
    """Makes the plans of a study.

    Attributes:
        digest: digest of the series.
        baselines: baselines of the study, best first.
    """

    config: Config
    space: Space
    digest: str
    baselines: Sequence[Baseline]

    @property
    def baseline(self) -> Baseline:
        """The best baseline."""
        return self.baselines[0]

    def plan(
        self, number: int, proposal: Proposal, *, seed: int, title: str, prunable: bool = False
    ) -> Plan:
        """Returns the plan of trial `number` at the point of `proposal`, from its first epoch."""
        values = {**self.space.pins, **proposal.point}
        if proposal.epochs is not None:
            values["training.epochs"] = proposal.epochs
        return Plan(
            number=number,
            config=with_values(self.config.plain(), values),
            point=proposal.point,
            seed=seed,
            digest=self.digest,
            baselines=tuple((one.name, one.forecast) for one in self.baselines),
            baseline_mae=self.baseline.mae,
            prunable=prunable,
            title=title,
        )


def continued(
    plan: Plan, proposal: Proposal, originals: Mapping[int, int], ledger: Ledger
) -> tuple[Plan, dict[str, str]]:
    """Returns the plan that continues the proposal's parent, and the tags that record this.

    Args:
        plan: plan of the proposal, from its first epoch.
        proposal: what the backend proposed.
        originals: for each trial that reused a score, the number of the original trial.
        ledger: ledger that has the checkpoints.
    """
    plan = replace(plan, continuable=True)
    if proposal.parent is None:
        return plan, {}
    parent = originals.get(proposal.parent, proposal.parent)
    checkpoint = ledger.checkpoint(parent)
    if checkpoint is None:  # deleted: all epochs are trained again
        return plan, {}
    tags = {names.CONTINUES: str(parent), names.CHECKPOINT: sha256(checkpoint).hexdigest()}
    return replace(plan, start=Start(proposal.initial_epoch, checkpoint)), tags
