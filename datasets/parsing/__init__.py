"""Parses source files: text, tables, numbers, times and the regular grid of a series."""
