"""Finds the best Keras forecaster for a time series."""

__version__ = "0.1.0"
