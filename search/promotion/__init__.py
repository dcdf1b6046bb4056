"""Makes forecasters of recorded runs: refits them on all readings and registers them."""
