import socket
import sys
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from datasets import DatasetError
from datasets.csv import csv
from datasets.parsing.fetch import cache_directory, local_file, shown_source, stem

CONTENT = b"date,a\n2020-01-01,1\n2020-01-02,2\n"
DIGEST = sha256(CONTENT).hexdigest()


class Files(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        found = self.path.startswith("/good") or self.path == "/short.csv"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CONTENT) + (self.path == "/short.csv")))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        server.asked = []
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def stop(server):
    """Stops the server and closes its port."""
    server.shutdown()
    server.socket.close()


def test_a_file_is_downloaded_once_and_used_offline(server, tmp_path, capfd):
    address = f"{server.address}/good%20one.csv"
    path = local_file(address)
    assert path.read_bytes() == CONTENT
    assert path.parent == tmp_path / "cache"
    stop(server)
    assert local_file(address) == path
    assert local_file(address, DIGEST) == path
    assert server.asked == ["/good%20one.csv"]
    assert "".join(capfd.readouterr()) == ""  # no progress bar without a terminal
    series = csv(source=address)
    assert (series.name, series.source) == ("good one", address)


def test_a_progress_bar_is_shown_on_a_terminal(server, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    local_file(f"{server.address}/good.csv")
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["", "sha256:"])
def test_a_file_with_the_right_sha256_is_accepted(server, prefix):
    assert local_file(f"{server.address}/good.csv", prefix + DIGEST.upper()[:64]).exists()


def test_a_file_with_another_sha256_is_rejected_and_not_kept(server, tmp_path):
    with pytest.raises(DatasetError, match=r"its sha256 differs from dataset\.sha256"):
        local_file(f"{server.address}/good.csv", "0" * 64)
    assert not list((tmp_path / "cache").glob("*good.csv"))


@pytest.mark.parametrize(
    ("path", "message"), [("none.csv", "HTTP 404 Not Found"), ("short.csv", "connection broke")]
)
def test_a_failed_download_is_rejected_and_not_kept(server, tmp_path, path, message):
    with pytest.raises(DatasetError, match=message) as caught:
        local_file(f"{server.address}/{path}")
    assert str(caught.value).count("\n") < 3
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_network_error_does_not_show_the_password(monkeypatch, tmp_path):
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DatasetError, match="no connection") as caught:
        local_file(f"http://user:secret@127.0.0.1:{port}/a.csv")
    assert "secret" not in str(caught.value)
    assert str(caught.value).count("\n") < 3


def test_a_cache_that_cannot_be_written_names_its_variable(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DatasetError, match="SWEEPCAST_CACHE"):
        local_file(f"{server.address}/good.csv")


def test_the_cache_is_in_the_systems_folder_unless_the_variable_is_set(monkeypatch, tmp_path):
    monkeypatch.setenv("SWEEPCAST_CACHE", "")
    assert cache_directory().name == "sweepcast"
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path))
    assert cache_directory() == tmp_path


def test_paths_and_file_urls_are_accepted(tmp_path, monkeypatch):
    path = tmp_path / "my data.v2.csv"
    path.write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_file(str(path), DIGEST) == path
    assert local_file(path.as_uri()) == path
    assert local_file("my data.v2.csv").read_bytes() == CONTENT
    assert local_file("~/my data.v2.csv") == path


@pytest.mark.parametrize(
    ("source", "sha", "message"),
    [
        ("none.csv", None, "none.csv does not exist"),
        (".", None, "is a directory"),
        ("n" * 5000, None, "cannot be read|does not exist"),
        ("s3://bucket/a.csv", None, "http, https or file"),
        ("ftp://host/a.csv", None, "http, https or file"),
        ("http://", None, "could not be fetched"),
        ("file:///none.csv", None, "does not exist"),
        ("none.csv", "xyz", "64 hex digits"),
    ],
)
def test_bad_sources_are_rejected(source, sha, message, monkeypatch, tmp_path):
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path))
    with pytest.raises(DatasetError, match=message) as caught:
        local_file(source, sha)
    assert str(caught.value).count("\n") < 3


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/a/b c.d.csv", "b c.d"),
        ("x.csv", "x"),
        ("https://h.org/a/b%20c.csv?x=1.csv#f", "b c"),
        ("https://h.org/", "h.org"),
    ],
)
def test_a_series_is_named_after_its_file(source, name):
    assert stem(source) == name


def test_a_url_is_shown_without_its_password():
    assert shown_source("https://me:pw@h.org:8/a?b=c") == "https://h.org:8/a?b=c"
    assert shown_source("a@b.csv") == "a@b.csv"
