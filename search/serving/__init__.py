"""Forecasts from raw history with a trained model; independent of studies."""
