"""The MLflow UI: the server and the saved views."""
