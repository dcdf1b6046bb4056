"""What a study found, as data: the leaderboard, importances, curves and forecasts."""
