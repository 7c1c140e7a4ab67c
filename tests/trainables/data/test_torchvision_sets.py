"""Downloads against a server on this machine: tiny files under torchvision's names and sums."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import pickle
import socket
import struct
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from trainables import cifar10_net, mnist_cnn
from trainables.data import torchvision_sets
from trainables.data.images import load_images
from trainables.data.request import DataRequest, cache_directory
from trainables.data.splits import Splits
from trainables.data.stand_ins import drawn_source
from trainables.data.torchvision_sets import cifar10_source, download
from trainables.errors import BadInput
from trainables.parts.vision import import_torchvision

pytestmark = pytest.mark.usefixtures("fresh_cache")

BATCHES = "cifar-10-batches-py"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; `trouble` is what goes wrong with the body."""

    trouble = ""

    def log_message(self, *arguments):
        pass

    def copyfile(self, source, outputfile):
        data = source.read()
        if self.trouble == "cut":
            outputfile.write(data[: len(data) // 2])
            outputfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        elif self.trouble == "silent":
            outputfile.write(data[:10])
            outputfile.flush()
            silence.wait(20)
        else:
            outputfile.write(data)

    def handle(self):
        if self.trouble == "garbage":
            self.request.recv(4096)
            self.request.sendall(b"this is not a web server\r\n\r\n")
        else:
            super().handle()


silence = threading.Event()


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, str, type[Handler]]]:
    """(folder that is served, its address, handler whose `trouble` may be set)."""
    monkeypatch.setattr(torchvision_sets, "offline", lambda: False)  # the server is the network
    folder = tmp_path / "served"
    folder.mkdir()
    handler = type("OneHandler", (Handler,), {})
    silence.clear()
    address = ("127.0.0.1", 0)
    with ThreadingHTTPServer(address, functools.partial(handler, directory=folder)) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}/", handler
        silence.set()
        running.shutdown()
        thread.join()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def tiny_mnist(server, monkeypatch):
    folder, address, handler = server
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 40), ("t10k", 20)):
        files[f"{part}-images-idx3-ubyte.gz"] = rng.integers(0, 256, (count, 28, 28))
        files[f"{part}-labels-idx1-ubyte.gz"] = np.arange(count) % 10
    resources = []
    for name, array in files.items():
        data = gzip.compress(idx(array))
        (folder / name).write_bytes(data)
        resources.append((name, md5(data)))
    mnist = import_torchvision().datasets.MNIST
    monkeypatch.setattr(mnist, "mirrors", [address])
    monkeypatch.setattr(mnist, "resources", resources)
    return folder, handler


def batch(count: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, (count, 3072), np.uint8)
    return pickle.dumps({"data": data, "labels": [i % 10 for i in range(count)]})


@pytest.fixture
def tiny_cifar10(server, monkeypatch):
    folder, address, handler = server
    files = {f"data_batch_{i}": batch(20, i) for i in range(1, 6)} | {"test_batch": batch(20, 9)}
    files["batches.meta"] = pickle.dumps({"label_names": [f"class{i}" for i in range(10)]})
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{BATCHES}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    (folder / "cifar-10-python.tar.gz").write_bytes(archive.getvalue())
    cifar10 = import_torchvision().datasets.CIFAR10
    sums = {name: md5(data) for name, data in files.items()}
    monkeypatch.setattr(cifar10, "url", address + "cifar-10-python.tar.gz")
    monkeypatch.setattr(cifar10, "tgz_md5", md5(archive.getvalue()))
    monkeypatch.setattr(
        cifar10, "train_list", [[n, s] for n, s in sums.items() if n.startswith("data")]
    )
    monkeypatch.setattr(cifar10, "test_list", [["test_batch", sums["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(cifar10, "meta", meta)
    return folder, handler


def left_behind() -> list[str]:
    return sorted(p.name for p in (cache_directory() / "downloads").iterdir())


def test_mnist_is_downloaded_whole_once(tiny_mnist):
    folder, _ = tiny_mnist
    lines: list[str] = []
    splits = mnist_cnn.TASK.load(DataRequest("real", say=lines.append))
    assert lines == ["Downloading MNIST"]
    assert (len(splits.train), len(splits.val), len(splits.test)) == (30, 10, 20)
    assert splits.meta.channels == 1
    assert left_behind() == ["MNIST"]
    for path in folder.iterdir():
        path.unlink()  # the second time nobody is asked
    assert mnist_cnn.TASK.load(DataRequest("real", say=lines.append)).digest == splits.digest
    assert lines == ["Downloading MNIST"]


def test_cifar10_is_downloaded_whole(tiny_cifar10):
    splits = cifar10_net.TASK.load(DataRequest("real"))
    assert (len(splits.train), len(splits.val), len(splits.test)) == (80, 20, 20)
    assert splits.meta.classes == tuple(f"class{i}" for i in range(10))
    assert str(splits.provenance) == "real: CIFAR-10"
    assert left_behind() == ["CIFAR10"]
    raw = pickle.loads(batch(20, 9))["data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    assert np.array_equal(splits.test.inputs, raw)


@pytest.mark.parametrize("trouble", ["cut", "garbage", "wrong sum", "missing", "silent"])
@pytest.mark.parametrize("name", ["MNIST", "CIFAR10"])
def test_a_broken_download_leaves_nothing_behind(
    name, trouble, tiny_mnist, tiny_cifar10, monkeypatch
):
    folder, handler = tiny_mnist
    monkeypatch.setattr(torchvision_sets, "TIMEOUT", 0.5)
    last = "t10k-labels-idx1-ubyte.gz" if name == "MNIST" else "cifar-10-python.tar.gz"
    if trouble == "wrong sum":
        (folder / last).write_bytes(gzip.compress(b"something else"))
    elif trouble == "missing":
        (folder / last).unlink()
    else:
        handler.trouble = trouble
    before = socket.getdefaulttimeout()
    with pytest.raises(OSError):
        download(name, lambda line: None)
    assert left_behind() == []
    assert socket.getdefaulttimeout() == before


@pytest.mark.parametrize("trouble", ["cut", "garbage", "silent"])
def test_a_broken_download_is_told_in_a_line_that_names_the_set(trouble, tiny_mnist, monkeypatch):
    monkeypatch.setattr(torchvision_sets, "TIMEOUT", 0.5)
    tiny_mnist[1].trouble = trouble
    with pytest.raises(BadInput, match=r"--data real: MNIST could not be downloaded: .+--data-dir"):
        mnist_cnn.TASK.load(DataRequest("real"))


def test_a_download_that_works_later_is_taken_then(tiny_cifar10):
    _, handler = tiny_cifar10
    handler.trouble = "cut"
    with pytest.raises(OSError, match="CIFAR10 could not be downloaded"):
        download("CIFAR10", lambda line: None)
    handler.trouble = ""
    assert (download("CIFAR10", lambda line: None) / BATCHES / "test_batch").is_file()


def write_batches(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(1, 6):
        (folder / f"data_batch_{number}").write_bytes(batch(20, number))
    (folder / "test_batch").write_bytes(batch(20, 9))
    names = pickle.dumps({"label_names": [f"class{i}" for i in range(10)]})
    (folder / "batches.meta").write_bytes(names)


def load(directory: Path) -> Splits:
    request = DataRequest(directory=directory)
    return load_images(request, published="CIFAR10", size=32, stand_in=drawn_source)


@pytest.mark.parametrize("inside", [".", BATCHES])
def test_batches_on_disk_are_read(tmp_path, tiny_cifar10, inside):
    write_batches(tmp_path / "mine" / BATCHES)
    splits = load(tmp_path / "mine" / inside)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (80, 20, 20)
    assert str(splits.provenance) == "real: CIFAR-10"


class Trap:
    """What a stranger's pickle could do."""

    def __reduce__(self):
        return (Path.mkdir, (Path("sprung").absolute(),))


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("damage", ["missing", "other", "trap"])
def test_batches_that_are_not_the_published_ones_are_refused_unread(
    tmp_path, tiny_cifar10, name, damage, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_batches(tmp_path / BATCHES)
    path = tmp_path / BATCHES / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(pickle.dumps(Trap()) if damage == "trap" else path.read_bytes() + b"x")
    with pytest.raises(BadInput, match=f"{BATCHES}: not the published CIFAR-10 batches"):
        load(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_directory_without_batches_is_none_of_ours(tmp_path):
    assert cifar10_source(tmp_path) is None
