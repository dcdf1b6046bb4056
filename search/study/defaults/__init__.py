"""Chooses what the configuration leaves to the series: `auto` lengths and first points."""
