"""Results of a study as data: the leaderboard, importances, curves and forecasts."""
