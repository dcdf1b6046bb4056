"""The configuration groups, as Hydra reads them from `pkg://conf`."""
