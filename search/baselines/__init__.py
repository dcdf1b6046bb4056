"""The baselines of a study: quick ones at once, textbook methods in a process beside the trials."""
