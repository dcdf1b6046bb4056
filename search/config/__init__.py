"""The configuration: typed schema, composition with Hydra, validation and study identity."""
