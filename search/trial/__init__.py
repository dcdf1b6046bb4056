"""Runs trials: from a plan (configuration and seed) to a result, without side effects."""
