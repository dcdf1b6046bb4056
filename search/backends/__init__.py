"""What proposes points: Optuna's samplers, Keras Tuner's oracles, and one grid for both."""
