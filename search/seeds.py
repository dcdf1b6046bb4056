"""Seeds: everything random follows from `study.seed` and the trial's number."""

import numpy as np

# What a trial's number is followed by where it is trained again: seeds that the search never used.
FINALIST, EVALUATION, CALIBRATION, CHAMPION = 1, 2, 3, 4


def derived(*parts: int) -> int:
    """Returns a seed (31 bits) that follows from `parts`, each 0 or more.

    Source: NumPy's SeedSequence, which mixes its entropy so that neighbours share nothing.
    """
    return int(np.random.SeedSequence(parts).generate_state(1)[0] >> 1)
