"""One file from a real server on this machine: whole and as published, or not there at all."""

from __future__ import annotations

import hashlib
import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from trainables.data import download
from trainables.data.download import downloaded

CONTENT = b"To be, or not to be\n" * 100
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path, monkeypatch, fresh_cache):
    """The address of a server that has `play.txt`; no network beside."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "play.txt").write_bytes(CONTENT)
    monkeypatch.setattr(download, "offline", lambda: False)  # the server is the network
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "served")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_downloaded_once_and_said(server):
    said: list[str] = []
    path = downloaded("play.txt", f"{server}/play.txt", SUM, said.append)
    assert path.read_bytes() == CONTENT and said == ["Downloading play.txt"]
    assert downloaded("play.txt", "http://127.0.0.1:1/gone", SUM, said.append) == path
    assert [p.name for p in path.parent.iterdir()] == ["play.txt"] and len(said) == 1


@pytest.mark.parametrize(
    ("file", "digest", "message"),
    [("play.txt", "0" * 64, "invalid hash value"), ("none.txt", SUM, "404")],
)
def test_another_content_or_none_leaves_nothing(server, fresh_cache, file, digest, message):
    with pytest.raises(OSError, match=rf"play.txt could not be downloaded: .*{message}"):
        downloaded("play.txt", f"{server}/{file}", digest, lambda line: None)
    assert not [path for path in fresh_cache.rglob("*") if path.is_file()]


def test_a_server_that_never_answers_is_given_up(fresh_cache, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    monkeypatch.setattr(download, "offline", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/play.txt"
        with pytest.raises(OSError, match="timed out"):
            downloaded("play.txt", url, SUM, lambda line: None)


def test_without_a_network_nothing_is_tried(fresh_cache, monkeypatch):
    monkeypatch.setattr(download, "offline", lambda: True)
    with pytest.raises(OSError, match="no network"):
        downloaded("play.txt", "http://127.0.0.1:1/", SUM, lambda line: None)
