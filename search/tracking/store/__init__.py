"""Opens and locks the MLflow store, retries its calls, and reads and writes its files."""
