"""Forecasts from raw history with a trained net; nothing here knows of searches."""
