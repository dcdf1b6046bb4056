"""The MLflow store itself: connection, retries, files and locks."""
