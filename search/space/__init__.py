"""The search space: parameters, their notation in YAML, and the conditions between them."""
