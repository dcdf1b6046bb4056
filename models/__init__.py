"""Neural forecasters built from blocks, and the baselines that they have to beat.

Importing this package imports neither TensorFlow nor scikit-learn; functions that need them import
them when called. The builder `models.forecaster.forecaster` is not exported here, because it would
shadow the module of the same name when a `_target_` is resolved by attribute.
"""

from models.conv import Conv
from models.dense import Dense
from models.errors import Infeasible
from models.recurrent import Recurrent

__all__ = ["Conv", "Dense", "Infeasible", "Recurrent"]
