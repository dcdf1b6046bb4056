"""Trains the members of a recorded ensemble again and combines them."""
