"""Neural networks made of blocks, and the baselines they have to beat.

Importing this package loads neither TensorFlow nor scikit-learn; what needs them loads them when
called. The builder, `models.forecaster.forecaster`, is not repeated here, where it would hide the
module of its name from whoever resolves a `_target_` by attribute.
"""

from models.conv import Conv
from models.dense import Dense
from models.errors import Infeasible
from models.recurrent import Recurrent

__all__ = ["Conv", "Dense", "Infeasible", "Recurrent"]
