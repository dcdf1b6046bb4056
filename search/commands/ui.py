"""`sweepcast ui`: opens the MLflow UI for the current store."""

from search.terminal.arguments import Parser
from search.tracking.store.connection import open_store, store_uri
from search.tracking.store.files import SQLITE
from search.tracking.ui.server import LAST_PORT, free_port, pages_of, serve, show


def ui(arguments: list[str]) -> int:
    """Serves the MLflow UI until Ctrl-C; for a store on a server, opens that server's UI.

    The server has no login, so it listens only on the loopback address. It does not run jobs or
    send telemetry.

    Raises:
        BadInput: the store or the study does not exist, or an argument is unknown.
    """
    parser = Parser(prog="sweepcast ui")
    parser.add_argument("study", nargs="?", metavar="STUDY")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args(arguments)
    if options.port is not None and not 0 <= options.port <= LAST_PORT:
        parser.error(f"--port is {options.port}: expected 1 to {LAST_PORT}, or 0 for any free port")
    uri = store_uri(None)
    pages = pages_of(open_store(uri, create=False), options.study)
    browser = not options.no_browser
    if not uri.startswith(SQLITE):
        show(f"MLflow UI on {uri}:", uri.rstrip("/"), pages, browser=browser)
        return 0
    return serve(uri, free_port(options.port), pages, browser=browser)
