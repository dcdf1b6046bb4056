"""Trains recorded trials again: finalists, evaluations, reproductions, champions."""
