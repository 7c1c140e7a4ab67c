"""Where weights come from: the cache or a server, a file, what is built in; and what is refused."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from trainables.data.pretrained import TrainedOn, WeightsFile
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.data.textures import CLASSES, drawn_textures
from trainables.errors import BadInput
from trainables.parts import pretraining, weights
from trainables.parts.resnet import ResNet18
from trainables.parts.weights import imagenet_file, load_weights, refuse_what_has_seen_val


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for the published file on a local server, under its own name and sum."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "server"
    folder.mkdir()
    torch.manual_seed(0)
    file = folder / "new.pth"
    torch.save(ResNet18(classes=1000, side=32).state_dict(), file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file = file.rename(folder / f"resnet18-{digest[:8]}.pth")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{file.name}"
        monkeypatch.setattr(weights, "_published", lambda: SimpleNamespace(url=url))
        monkeypatch.setattr("trainables.data.download.offline", lambda: False)
        yield file
        server.shutdown()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, fresh_cache: Path) -> None:
    """Pretraining of a few pictures."""
    monkeypatch.setattr(pretraining, "_TRAIN", 96)
    monkeypatch.setattr(pretraining, "_VAL", 32)


def test_imagenets_are_downloaded_once_and_checked(published: Path, small_splits: Splits) -> None:
    said: list[str] = []
    request = DataRequest(weights="imagenet", say=said.append)
    found = load_weights(request)
    assert found is not None and found.name == "ImageNet's (torchvision)"
    assert found.mean == pytest.approx((123.675, 116.28, 103.53))
    assert said == [f"Downloading {published.name}"]
    published.unlink()  # from the cache now
    again = load_weights(request)
    assert again is not None and again.digest == found.digest


def test_a_cached_file_with_another_content_is_refused(
    published: Path, small_splits: Splits
) -> None:
    imagenet_file().parent.mkdir(parents=True)
    imagenet_file().write_bytes(b"something else")
    for asked in ("imagenet", "auto"):
        with pytest.raises(BadInput, match=r"is not the published file \(its SHA-256 begins"):
            load_weights(DataRequest(weights=asked))


def test_a_download_with_another_content_leaves_nothing(
    published: Path, small_splits: Splits
) -> None:
    published.write_bytes(b"something else")
    with pytest.raises(BadInput, match="invalid hash value"):
        load_weights(DataRequest(weights="imagenet"))
    assert not imagenet_file().exists()


def test_without_a_network_imagenet_says_where_the_file_goes(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.data.download.offline", lambda: True)
    match = rf"--weights imagenet: .*no network; put the file {published.name} into .*checkpoints"
    with pytest.raises(BadInput, match=match):
        load_weights(DataRequest(weights="imagenet"))


def test_without_a_network_auto_pretrains_once_and_says_so(
    published: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.data.download.offline", lambda: True)
    said: list[str] = []
    before = torch.get_rng_state()
    found = load_weights(DataRequest(say=said.append))
    assert found is not None and found.name == "pretrained here on drawn textures"
    assert found.found == "built-in" and found.classes == CLASSES
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == 1
    assert any(line.startswith("Pretraining on 96 drawn textures") for line in said)
    assert said[-1] == "!! NOT ImageNet's weights: pretrained here on drawn textures"
    said.clear()
    again = load_weights(DataRequest(weights="built-in", say=said.append))
    assert again is not None and again.digest == found.digest and not said


def test_none_is_none(small_splits: Splits) -> None:
    assert load_weights(DataRequest(weights="none")) is None


def test_a_file_of_unknown_origin_is_fed_as_imagenet(published: Path, small_splits: Splits) -> None:
    file = WeightsFile("mine.pth", published, "of mine.pth")
    found = load_weights(DataRequest(weights=file))
    assert found is not None and found.classes is None
    assert found.mean == pytest.approx((123.675, 116.28, 103.53))
    told = replace(file, mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), classes=("a", "b"))
    found = load_weights(DataRequest(weights=told))
    assert found is not None and (found.mean, found.classes) == ((1.0, 2.0, 3.0), ("a", "b"))


def test_weights_that_have_seen_val_are_refused(
    published: Path, small_splits: Splits, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"

    def check(before: TrainedOn, directory: Path | None = None) -> None:
        file = WeightsFile("earlier", published, "of earlier", trained_on=before)
        request = DataRequest(directory=directory, weights=file, split_seed=1)
        refuse_what_has_seen_val(request, small_splits)

    size, name = (16, 16), small_splits.provenance.name
    with pytest.raises(BadInput, match=r"--weights earlier: .* --split-seed 0, .* give that seed"):
        check(TrainedOn(name, size, "another", split_seed=0))
    with pytest.raises(BadInput, match=r"give that seed"):  # by another spelling
        check(TrainedOn(str(folder), size, "another", 0), tmp_path / "a" / ".." / "pictures")
    with pytest.raises(BadInput, match=r"before its pictures changed"):
        check(TrainedOn(str(folder), size, "another", 1), folder)
    with pytest.raises(BadInput, match="trained on train and val of the same pictures"):
        check(TrainedOn(name, size, small_splits.digest, split_seed=0, val_too=True))
    check(TrainedOn("other pictures", size, "another", split_seed=0, val_too=True))
    check(TrainedOn(name, (32, 32), "another", split_seed=1))  # at another size, cut the same way
    check(TrainedOn(name, size, small_splits.digest, split_seed=0))  # its parts were given, not cut
    check(TrainedOn("other pictures", size, "another", split_seed=0))


def test_textures_are_the_same_for_the_same_seed_and_no_class_is_the_targets() -> None:
    from trainables.data.drawn import CLASSES as TARGETS

    (first, labels), (again, _) = (drawn_textures(80, seed=3) for _ in range(2))
    assert (first == again).all() and first.shape == (80, 32, 32, 3)
    assert sorted(labels) == sorted(list(range(len(CLASSES))) * 10)
    assert not (drawn_textures(80, seed=4)[0] == first).all()
    assert not set(CLASSES) & set(TARGETS)
