"""From a request to splits: what is looked for where, what is cached, what falls back."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import replace

import numpy as np
import pytest

from trainables import cifar10_net, mnist_cnn
from trainables.data import cache, images
from trainables.data.images import load_images
from trainables.data.request import DataRequest, cache_directory
from trainables.data.source import ImageSource, RawImages
from trainables.data.splits import Provenance, Split, Splits
from trainables.data.stand_ins import digits_source, drawn_source
from trainables.errors import BadInput
from trainables.parts.vision import import_torchvision


def small_source(read_count: list[int], fingerprint: str = "small") -> ImageSource:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (50, 6, 5, 3), np.uint8)

    def read() -> RawImages:
        read_count.append(1)
        return RawImages(Split(pictures, np.arange(50) % 5), tuple("abcde"))

    return ImageSource(Provenance("stand-in", "small ones", "a note"), fingerprint, read)


def embedded(source: ImageSource, seed: int = 0) -> Splits:
    request = DataRequest("embedded", split_seed=seed)
    return load_images(request, published="MNIST", size=28, stand_in=lambda: source)


@pytest.fixture
def offline(monkeypatch):
    """Every published data set lies behind a port on which nobody listens."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    datasets = import_torchvision().datasets
    monkeypatch.setattr(datasets.MNIST, "mirrors", [url])
    monkeypatch.setattr(datasets.CIFAR10, "url", url + "cifar-10-python.tar.gz")


def test_a_second_load_does_not_decode_again(fresh_cache):
    count: list[int] = []
    first = embedded(small_source(count))
    second = embedded(small_source(count))
    assert len(count) == 1
    assert second.digest == first.digest
    for part in ("train", "val", "test"):
        one, two = getattr(first, part), getattr(second, part)
        assert np.array_equal(one.inputs, two.inputs)
        assert np.array_equal(one.targets, two.targets)
    assert second.meta == first.meta
    assert second.provenance == first.provenance == Provenance("stand-in", "small ones", "a note")


@pytest.mark.parametrize("change", [dict(seed=1), dict(fingerprint="other bytes")])
def test_another_seed_or_other_bytes_are_another_entry(fresh_cache, change):
    count: list[int] = []
    embedded(small_source(count))
    embedded(small_source(count, change.get("fingerprint", "small")), change.get("seed", 0))
    assert len(count) == 2


def test_the_cache_is_in_the_users_cache_directory(fresh_cache):
    splits = embedded(small_source([]))
    assert cache_directory().is_relative_to(fresh_cache)
    assert splits.entry is not None
    assert splits.entry.is_relative_to(fresh_cache)
    assert [p for p in splits.entry.parent.iterdir() if p != splits.entry] == []


def test_arrays_are_read_only_maps_of_the_cache(fresh_cache):
    splits = embedded(small_source([]))
    for part in (splits.train, splits.val, splits.test):
        for array in (part.inputs, part.targets):
            assert isinstance(array.base, np.memmap)
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_normalisation_is_the_train_splits_own_mean_and_deviation(fresh_cache):
    splits = embedded(small_source([]))
    train = splits.train.inputs.astype(np.float64)
    assert np.allclose(splits.meta.mean, train.mean((0, 1, 2)), rtol=1e-12)
    assert np.allclose(splits.meta.std, train.std((0, 1, 2)), rtol=1e-12)


def test_a_channel_that_never_varies_normalises_to_zero():
    flat = np.full((3, 4, 4, 2), 7, np.uint8)
    flat[0, 0, 0, 1] = 9
    mean, std = cache.channel_statistics(flat)
    assert (mean[0], std[0]) == (7.0, 1.0)
    assert std[1] == pytest.approx(flat[..., 1].std())


def test_a_failed_decoding_leaves_nothing_behind(fresh_cache, monkeypatch):
    def full_disk(path, array):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full_disk)
    with pytest.raises(BadInput, match=r"cache .* cannot be written \(No space left"):
        embedded(small_source([]))
    assert list((cache_directory() / "arrays").iterdir()) == []


def test_two_writers_of_one_entry_both_find_it_whole(fresh_cache):
    barrier = threading.Barrier(4)
    plain = small_source([])
    results, errors = [], []

    def read() -> RawImages:
        barrier.wait(20)  # all have seen that there is no entry yet
        return plain.read()

    def work() -> None:
        try:
            results.append(embedded(replace(plain, read=read)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len({splits.digest for splits in results}) == 1 and len(results) == 4
    assert len(list((cache_directory() / "arrays").iterdir())) == 1
    assert np.array_equal(results[0].train.inputs, results[3].train.inputs)


@pytest.mark.parametrize("task", [mnist_cnn.TASK, cifar10_net.TASK], ids=lambda task: task.name)
def test_real_data_that_cannot_be_had_is_refused(task, offline, fresh_cache):
    with pytest.raises(BadInput, match=r"--data real: .* could not be downloaded.*--data-dir"):
        task.load(DataRequest("real"))


def test_auto_falls_back_loudly(offline, fresh_cache):
    lines: list[str] = []
    splits = mnist_cnn.TASK.load(DataRequest("auto", say=lines.append))
    assert str(splits.provenance) == "stand-in: scikit-learn's handwritten digits"
    assert "easy" in splits.provenance.note
    loud = [line for line in lines if line.startswith("!!")]
    assert "MNIST could not be downloaded" in loud[0]
    assert "NOT the real data: using the built-in scikit-learn's handwritten digits" in loud[1]


def test_embedded_asks_nobody_and_says_nothing_untrue(monkeypatch):
    def no_network(*arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(images, "download", no_network)
    splits = mnist_cnn.TASK.load(DataRequest("embedded"))
    assert splits.provenance.kind == "stand-in"
    assert (len(splits.train) + len(splits.val) + len(splits.test)) == 1_797
    assert (splits.meta.height, splits.meta.width, splits.meta.channels) == (28, 28, 1)
    assert len(splits.meta.classes) == 10


def test_a_users_directory_goes_before_the_published_set(tmp_path, monkeypatch):
    def no_network(*arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(images, "download", no_network)
    request = DataRequest("auto", tmp_path)
    with pytest.raises(BadInput, match="is empty"):
        load_images(request, published="MNIST", size=28, stand_in=digits_source)


@pytest.mark.parametrize("kind", ["auto", "real"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.write_text("x"), "is a file, not a directory"),
        (lambda path: path.mkdir(), "is empty"),
    ],
    ids=["missing", "a file", "empty"],
)
def test_a_data_directory_that_is_none_is_refused(tmp_path, kind, make, message):
    path = tmp_path / "mine"
    make(path)
    with pytest.raises(BadInput, match=f"--data-dir {path}: {message}"):
        cifar10_net.TASK.load(DataRequest(kind, path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_an_unreadable_data_directory_is_refused(tmp_path):
    path = tmp_path / "mine"
    path.mkdir(mode=0)
    try:
        with pytest.raises(BadInput, match=f"--data-dir {path}: cannot be read"):
            cifar10_net.TASK.load(DataRequest("real", path))
    finally:
        path.chmod(0o700)


def test_stand_ins_name_themselves():
    for source in (digits_source(), drawn_source()):
        assert source.provenance.kind == "stand-in"
        assert source.provenance.note


def test_the_shared_mnist_is_read_whole(shared_data):
    splits = mnist_cnn.TASK.load(DataRequest("real", shared_data))
    assert str(splits.provenance) == "real: MNIST"
    assert (len(splits.train) + len(splits.val), len(splits.test)) == (60_000, 10_000)
    assert abs(len(splits.val) - 5_000) <= 10
    everything = np.concatenate([splits.train.targets, splits.val.targets])
    assert np.bincount(everything).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
    ]  # fmt: skip
    assert np.allclose(splits.meta.mean, 0.1307 * 255, rtol=0.01)
    assert np.allclose(splits.meta.std, 0.3081 * 255, rtol=0.01)
