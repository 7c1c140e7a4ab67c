"""Shared by all tests: their own cache, small pictures that can be learned, the shared data."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import run_search
from trainables.data.cache import channel_statistics
from trainables.data.splits import ImageMeta, Provenance, Split, Splits

torch.set_num_threads(1)
# Who starts the tests in the background may have them ignore Ctrl-C, and so would their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


LONGEST = (  # files by the time they take, where that is half a minute and more
    *("tuning/test_two_nodes", "tuning/test_real_searches", "tuning/test_search"),
    *("test_finalists_cut_short", "test_resnet_finetune", "test_forecast_rnn", "test_char_rnn"),
    *("test_resume", "test_kills", "tuning/test_deaths", "test_finalists"),
    *("test_kills_at_the_end", "test_own_space", "test_full_disk", "tuning/test_failures"),
    *("trainables/data/test_drawn", "trainables/parts/test_finetune"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that in the end no process waits for another's."""
    here = Path(__file__).parent
    order = {here / f"{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(autouse=True, scope="session")
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's cache directory, for the whole session: stand-ins are decoded once in it."""
    root = tmp_path_factory.mktemp("user-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root))
        yield root


@pytest.fixture
def fresh_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user's cache directory, for one test."""
    root = tmp_path_factory.mktemp("fresh-cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(root))
    return root


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Whatever a test does to torch's threads, the next one starts with one."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the repository, `../shared/data`."""
    if not SHARED_DATA.is_dir():
        pytest.skip("shared_data: ../shared/data is missing beside the repository")
    return SHARED_DATA


Refused = Callable[..., str]


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """(*options) -> the one line in which run_search refuses them, with code 2.

    In this process, and without the Ray that starts beside the reading of data and is not used.
    """

    def refuse(*options: str) -> str:
        monkeypatch.setattr("tuning.cluster.RaySession.start", lambda session: None)
        capfd.readouterr()
        code = run_search.main([*options])
        errors = capfd.readouterr().err
        assert code == 2, errors
        (line,) = errors.splitlines()
        return line

    return refuse


MakeSplits = Callable[..., Splits]


@pytest.fixture(scope="session")
def make_splits() -> MakeSplits:
    """(height, width, channels, classes=4, count=200, seed=0) -> Splits that can be learned."""
    return _make_splits


@pytest.fixture(scope="session")
def small_splits() -> Splits:
    """200 training pictures of 16x16, grey, in four classes."""
    return _make_splits(16, 16, 1)


@pytest.fixture(scope="session")
def grey_splits() -> Splits:
    """200 training pictures of 28x28, grey, in ten classes: MNIST's form."""
    return _make_splits(28, 28, 1, classes=10)


@pytest.fixture(scope="session")
def colour_splits() -> Splits:
    """200 training pictures of 32x32, colour, in ten classes: CIFAR-10's form."""
    return _make_splits(32, 32, 3, classes=10)


def _make_splits(
    height: int, width: int, channels: int, classes: int = 4, count: int = 200, seed: int = 0
) -> Splits:
    rng = np.random.default_rng(seed)
    # Each class is a coarse pattern of its own, under noise.
    coarse = rng.integers(40, 216, (classes, 4, 4, channels))
    patterns = coarse.repeat(-(-height // 4), axis=1).repeat(-(-width // 4), axis=2)

    def part(size: int) -> Split:
        targets = rng.permutation(np.arange(size) % classes)
        clean = patterns[targets, :height, :width]
        noisy = (clean + rng.normal(0, 25, clean.shape)).clip(0, 255).astype(np.uint8)
        for array in (noisy, targets):
            array.flags.writeable = False
        return Split(noisy, targets)

    train, val, test = part(count), part(count // 4), part(count // 4)
    mean, std = channel_statistics(train.inputs)
    names = tuple(f"class{number}" for number in range(classes))
    return Splits(
        train=train,
        val=val,
        meta=ImageMeta(height, width, channels, names, mean, std),
        provenance=Provenance("own", "synthetic pictures"),
        digest=f"synthetic {height} {width} {channels} {classes} {count} {seed}",
        sealed_test=test,
    )
