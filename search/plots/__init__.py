"""Figures of a trial (`trial`) and of a study (`study`), drawn in a common style (`style`).

Every function takes tables and returns a `matplotlib.figure.Figure`; `style.to_png` converts it
to bytes. Nothing here depends on MLflow, backends, models or pyplot.
"""
