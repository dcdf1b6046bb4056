"""Runs trials, inline or on Dask workers."""

from search.config.schema import Config, worker_count
from search.engine import processes
from search.engine.base import Engine


def warm_up(config: Config) -> None:
    """Starts importing the modules that the workers of `open_engine` need, in the background."""
    if config.engine.address is None and worker_count(config):
        processes.warm_up(config.engine.threads)


def open_engine(config: Config, *, jobs: int) -> Engine:
    """Returns the engine that `engine` configures, with no more local workers than `jobs`.

    Raises:
        BadInput: no Dask scheduler answers at `engine.address`.
    """
    options = config.engine
    workers = worker_count(config)
    if workers == 0 and options.address is None:
        from search.engine.inline import InlineEngine

        return InlineEngine()
    from search.engine.dask import DaskEngine

    return DaskEngine(
        min(workers, jobs) or 1,
        address=options.address,
        memory_limit=options.memory_limit,
        recycle_mb=options.recycle_mb,
        threads=options.threads,
    )
