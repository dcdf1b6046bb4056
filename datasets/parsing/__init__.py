"""Parsing of source files: text, tables, numbers, times, and the regular grid they form."""
