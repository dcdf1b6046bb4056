"""Combines the forecasts of trials and baselines into ensembles."""
