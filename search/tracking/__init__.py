"""Stores studies in MLflow, their only ledger. No other package imports mlflow."""
