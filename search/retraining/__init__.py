"""Trains recorded trials again: finalists, evaluations, reproductions and champions."""
