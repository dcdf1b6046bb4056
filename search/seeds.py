"""Seeds: all randomness is derived from `study.seed` and the trial number."""

import numpy as np

# Appended to the trial number when a trial is trained again, to get seeds the search never used.
FINALIST, EVALUATION, CALIBRATION, CHAMPION = 1, 2, 3, 4


def derived(*parts: int) -> int:
    """Returns a 31-bit seed derived from `parts`, which are 0 or more.

    Source: NumPy's SeedSequence, which makes the seeds of neighbouring `parts` independent.
    """
    return int(np.random.SeedSequence(parts).generate_state(1)[0] >> 1)
