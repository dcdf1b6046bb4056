"""`python -m search` is the same program as `sweepcast`."""

from search.cli import main

if __name__ == "__main__":
    main()
