"""Serves the MLflow UI and saves its views."""
