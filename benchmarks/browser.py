"""Runs Chromium offline, except for this machine, for the images of docs/tour.md and the tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = (
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# On a first visit, MLflow's assistant opens itself over the page.
_RETURNING_VISITOR = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"


def executable() -> str | None:
    """Returns the path of Chromium, or of the browser that CHROMIUM names; None if not found."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ((named,) if named else _NAMES))
    return next(filter(None, found), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts Chromium, and closes it at the end."""
    path = executable()
    if path is None:
        raise SystemExit("Chromium was not found: install it, or set CHROMIUM=<path>")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, width: int = 1440, height: int = 900) -> Page:
    """Returns a new page, as for a returning visitor of the MLflow UI."""
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_init_script(_RETURNING_VISITOR)
    context.set_default_timeout(60_000)
    return context.new_page()
