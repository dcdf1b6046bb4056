"""Pictures of a trial (`trial`) and of a study (`study`), drawn in one style (`style`).

Every function takes tables and returns a `matplotlib.figure.Figure`; `style.to_png` turns one
into bytes. Nothing here knows MLflow, a backend or a model, and nothing uses pyplot.
"""
