"""Names of the tags, params and metrics of a study in MLflow."""

KIND = "sweepcast.kind"
STUDY = "sweepcast.study"
TRIAL = "sweepcast.trial"
STATE = "sweepcast.state"
REASON = "sweepcast.reason"
BACKEND = "sweepcast.backend"
DIGEST = "sweepcast.dataset_digest"
DUPLICATE_OF = "sweepcast.duplicate_of"
IDENTITY = "sweepcast.identity"
PROPOSAL = "sweepcast.proposal"
CONTINUES = "sweepcast.continues"  # number of the trial that it continues
CHECKPOINT = "sweepcast.checkpoint"  # sha256 of the checkpoint of that trial
REPRODUCES = "sweepcast.reproduces"
EVALUATES = "sweepcast.evaluates"
TEST_READS = "sweepcast.test_reads"
BASELINE = "sweepcast.baseline"
FILLED = "sweepcast.filled"
UNIT = "sweepcast.unit"
BEST = "sweepcast.best"
PARETO = "sweepcast.pareto"  # whether no other trial beats this one in all objectives
RESULT = "sweepcast.result"
DIFF = "sweepcast.git_diff"  # name of the study's file that contains the diff
MODEL = "sweepcast.model"  # registry version of a champion

IMPORTANCE = "importance/"  # prefix of a study's importance metrics, shares of 1
EXECUTIONS = "study.executions"  # a param: number of seeds of a finalist or an evaluation

SKILL = "validation/skill"
INTERVAL = frozenset({f"{SKILL}_low", f"{SKILL}_high"})  # the bounds of the skill

LEASE = "sweepcast.lease"  # token and heartbeat count of the process that runs the study

PARENT = "mlflow.parentRunId"
RUN_NAME = "mlflow.runName"
NOTE = "mlflow.note.content"
COMMIT = "mlflow.source.git.commit"
DIRTY = "mlflow.source.git.dirty"
SOURCE = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
USER = "mlflow.user"
EXPERIMENT_KIND = "mlflow.experimentKind"

VIEW = "mlflow.sharedViewState."  # prefix of an experiment's tags for saved views

NOTE_LENGTH = 8000  # characters; MLflow cuts longer tags


def experiment_name(dataset: str) -> str:
    """Returns the name of the experiment for a dataset."""
    return f"sweepcast/{dataset}"


def text(value: object) -> str:
    """Returns a searched value as a param: a string unchanged, other values as in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
