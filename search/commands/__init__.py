"""The subcommands of `sweepcast`, one module per command.

Each one parses its arguments, calls the other packages and prints the result.
"""
