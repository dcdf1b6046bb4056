"""Finds or downloads the file that `dataset.source` names by a path or a URL.

A file is downloaded once into the cache and used offline from then on. The cache is the operating
system's cache directory for `sweepcast`, or $SWEEPCAST_CACHE. To download a file again, delete it
there.
"""

import os
import re
import sys
from hashlib import file_digest
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from datasets.errors import DatasetError, clipped

CACHE_VARIABLE = "SWEEPCAST_CACHE"
TIMEOUT = 30.0  # seconds without a response
CHUNK = 65_536  # bytes
_SHA256 = re.compile(r"[0-9a-f]{64}")


def local_file(source: str, sha256: str | None = None) -> Path:
    """Returns the path of `source`; downloads it if it is an http(s) URL not yet in the cache.

    Args:
        source: a path (`~` is the home directory) or an http, https or file URL.
        sha256: expected SHA-256 of the file, 64 hex digits; None accepts any file.

    Raises:
        DatasetError: the file does not exist, the URL has another scheme, the download fails
            or the SHA-256 differs.
    """
    wanted = sha256.lower().removeprefix("sha256:") if sha256 else None
    if wanted and not _SHA256.fullmatch(wanted):
        raise DatasetError(f"dataset.sha256 is {clipped(wanted)!r}: it must be 64 hex digits")
    scheme = _scheme(source)
    if scheme in ("http", "https"):
        return _fetched(source, wanted)
    if scheme not in ("", "file"):
        raise DatasetError(
            f"dataset.source is {clipped(shown_source(source), 200)!r}:\n"
            "it must be a path, or an http, https or file URL"
        )
    path = Path(url2pathname(urlsplit(source).path) if scheme else source).expanduser()
    _check_file(path)
    if wanted:
        _check_digest(path, wanted)
    return path


def stem(source: str) -> str:
    """Returns the name of the file at a path or URL, without its last suffix."""
    if not _scheme(source):
        return Path(source).stem
    parts = urlsplit(source)
    return Path(unquote(parts.path)).stem or parts.hostname or "series"


def shown_source(source: str) -> str:
    """Returns `source` for display and logs: a URL without its user and password."""
    if not _scheme(source):
        return source
    parts = urlsplit(source)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def cache_directory() -> Path:
    """Returns the directory of downloaded files."""
    import pooch

    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("sweepcast"))


def _scheme(source: str) -> str:
    return source.partition("://")[0].lower() if "://" in source else ""


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            problem = "is a directory, not a file"
        elif not path.exists():
            problem = f"does not exist (the working directory is {Path.cwd()})"
        else:
            return
    except OSError as error:  # the name is too long, or a directory is not accessible
        problem = f"cannot be read: {error.strerror}"
    raise DatasetError(f"{path} {problem}: set dataset.source to a path or a URL")


def _check_digest(path: Path, wanted: str) -> None:
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from None
    if found != wanted:
        raise DatasetError(
            f"{path} is not the expected file:\n"
            f"its sha256 is {found},\nbut dataset.sha256 is {wanted}"
        )


def _fetched(address: str, wanted: str | None) -> Path:
    import pooch

    directory = cache_directory()
    pooch.get_logger().setLevel("WARNING")  # its messages name its own arguments
    try:
        path = pooch.retrieve(
            address,
            known_hash=f"sha256:{wanted}" if wanted else None,
            path=directory,
            downloader=_download,
        )
    except (OSError, ValueError) as error:  # requests' exceptions are OSErrors
        raise DatasetError(
            f"{clipped(shown_source(address), 200)} could not be fetched: "
            f"{_reason(error, directory)}\n"
            "check the URL and the network, or set dataset.source to a local copy"
        ) from None
    return Path(path)


def _download(address: str, output_file: str, _: object) -> None:
    """Downloads a file for pooch, whose own downloader leaves connections open.

    Shows a progress bar if standard error is a terminal.
    """
    import requests
    from tqdm import tqdm

    with requests.get(address, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        size = int(response.headers.get("content-length", 0)) or None
        with (
            Path(output_file).open("wb") as file,
            tqdm(
                total=size,
                unit="B",
                unit_scale=True,
                desc=stem(address),
                disable=not sys.stderr.isatty(),
            ) as bar,
        ):
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))


def _reason(error: Exception, directory: Path) -> str:
    """Returns why a download failed; the messages of requests name its internal objects instead."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    texts = (  # in this order, because a timeout can be a ConnectionError
        (exceptions.Timeout, "no response in time"),
        (exceptions.ChunkedEncodingError, "the connection broke before the file was complete"),
        (exceptions.SSLError, "no secure connection"),
        (exceptions.ConnectionError, "no connection"),
    )
    for kind, text in texts:
        if isinstance(error, kind):
            return text
    if isinstance(error, ValueError) and "hash" in str(error):
        return "its sha256 differs from dataset.sha256"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename or directory} (set {CACHE_VARIABLE})"
    return clipped(str(error), 150)
