"""Studies: preparation, search loop, budget and resuming."""
