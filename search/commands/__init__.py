"""The subcommands of `sweepcast`, one module each: they parse arguments, call the other packages
and print."""
