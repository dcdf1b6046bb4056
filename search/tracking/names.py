"""The names under which a study lies in MLflow."""

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
CONTINUES = "sweepcast.continues"  # number of the trial that it goes on with
CHECKPOINT = "sweepcast.checkpoint"  # sha256 of what that one had come to
REPRODUCES = "sweepcast.reproduces"
EVALUATES = "sweepcast.evaluates"
TEST_READS = "sweepcast.test_reads"
BASELINE = "sweepcast.baseline"
FILLED = "sweepcast.filled"
UNIT = "sweepcast.unit"
BEST = "sweepcast.best"
PARETO = "sweepcast.pareto"  # whether no other trial beats this one in all objectives
RESULT = "sweepcast.result"
DIFF = "sweepcast.git_diff"  # file of the study that holds it
MODEL = "sweepcast.model"  # version of a champion in the registry

IMPORTANCE = "importance/"  # begins the metrics of a study that hold shares of 1
EXECUTIONS = "study.executions"  # a param: seeds of a finalist or an evaluation

LEASE = "sweepcast.lease"  # token and count of beats of the process that runs the study

PARENT = "mlflow.parentRunId"
RUN_NAME = "mlflow.runName"
NOTE = "mlflow.note.content"
COMMIT = "mlflow.source.git.commit"
DIRTY = "mlflow.source.git.dirty"
SOURCE = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
USER = "mlflow.user"
EXPERIMENT_KIND = "mlflow.experimentKind"

VIEW = "mlflow.sharedViewState."  # begins the tags of an experiment that are saved views of its UI

NOTE_LENGTH = 8000  # MLflow cuts a tag there


def experiment_name(dataset: str) -> str:
    """Returns the experiment of a dataset."""
    return f"sweepcast/{dataset}"


def text(value: object) -> str:
    """Returns a searched value as its param: a text as it is, anything else as in yaml."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
