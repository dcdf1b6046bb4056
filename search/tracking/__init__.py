"""The MLflow store: the only ledger of studies. Nothing outside this package imports mlflow."""
