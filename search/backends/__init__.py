"""Backends propose points: Optuna's samplers, Keras Tuner's oracles and a grid."""
