"""Retrains recorded trials: finalists, evaluations, reproductions and champions."""
