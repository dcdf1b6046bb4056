"""Scores the baselines: the quick ones first, textbook methods in a separate process."""
