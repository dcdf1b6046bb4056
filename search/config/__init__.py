"""The configuration: its typed schema, composition by Hydra, validation and identity."""
