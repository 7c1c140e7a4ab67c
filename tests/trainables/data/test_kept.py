"""Arrays that can be made again: made once, bounded, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from trainables.data.kept import Kept

SHAPE = (10, 25)  # a kilobyte
SIZE = 1_000


class Maker:
    """Gives an array in two pieces, and counts how often it was asked."""

    def __init__(self, value: float = 1.0) -> None:
        self.asked, self.value = 0, value

    def __call__(self) -> Iterator[np.ndarray]:
        self.asked += 1
        yield np.full((6, 25), self.value, np.float32)
        yield np.full((4, 25), self.value + 1, np.float32)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "kept", most=4 * SIZE, spare=0)


def keys(kept: Kept) -> set[str]:
    return {path.stem for path in kept.root.glob("*.npy")}


def test_made_once_and_mapped(kept: Kept) -> None:
    make = Maker()
    first, second = kept.array("a", SHAPE, make), kept.array("a", SHAPE, make)
    assert first is not None and second is not None and make.asked == 1
    assert first.shape == SHAPE and first.dtype == np.float32
    assert (first[:6] == 1).all() and (first[6:] == 2).all() and (first == second).all()
    assert isinstance(first.base, np.memmap) and not first.flags.writeable


def test_what_is_too_large_is_not_made(kept: Kept) -> None:
    make = Maker()
    assert kept.array("a", (10, 200), make) is None
    assert make.asked == 0 and not keys(kept)


def test_what_was_unused_for_longest_goes(kept: Kept) -> None:
    for age, key in enumerate(("a", "b", "c")):
        kept.array(key, SHAPE, Maker())
        os.utime(kept.root / f"{key}.npy", (age, age))
    mapped = kept.array("a", SHAPE, Maker())  # used now
    kept.array("d", SHAPE, Maker())  # the fourth does not fit: an entry has a header, too
    assert keys(kept) == {"a", "c", "d"}
    kept.array("e", SHAPE, Maker())
    assert keys(kept) == {"a", "d", "e"}
    (kept.root / "a.npy").unlink()
    assert mapped is not None and (mapped[:6] == 1).all()  # who has it open keeps it


def test_halves_of_killed_processes_are_cleared(kept: Kept) -> None:
    kept.root.mkdir()
    half = kept.root / ".x.npy.1234.tmp"
    half.write_bytes(bytes(4 * SIZE))
    os.utime(half, (1, 1))
    assert kept.array("a", SHAPE, Maker()) is not None
    assert not half.exists()


def test_a_damaged_one_is_made_again(kept: Kept) -> None:
    kept.array("a", SHAPE, Maker())
    for content in (b"", (kept.root / "a.npy").read_bytes()[:500]):
        (kept.root / "a.npy").write_bytes(content)
        make = Maker(7.0)
        again = kept.array("a", SHAPE, make)
        assert again is not None and make.asked == 1 and again[0, 0] == 7


def test_a_disk_without_room_is_no_error(kept: Kept) -> None:
    without = Kept(kept.root, kept.most, spare=2**60)
    make = Maker()
    assert without.array("a", SHAPE, make) is None and make.asked == 0

    def full() -> Iterator[np.ndarray]:
        yield np.zeros((6, 25), np.float32)
        raise OSError(28, "No space left on device")

    assert kept.array("b", SHAPE, full) is None
    assert not keys(kept) and not list(kept.root.glob(".*.tmp"))


def test_what_another_process_is_making_stays(kept: Kept) -> None:
    program = """
import sys
from pathlib import Path
import numpy as np
from trainables.data.kept import Kept
def make():
    print("making", flush=True)
    sys.stdin.readline()
    yield np.ones((10, 50), np.float32)
print(Kept(Path(sys.argv[1]), most=4000, spare=0).array("a", (10, 50), make) is not None)
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(kept.root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdout.readline() == "making\n"
    assert kept.array("b", (10, 60), Maker()) is None  # there is room for 2,000 bytes more
    assert kept.array("c", SHAPE, Maker()) is not None
    assert other.communicate("go on\n")[0] == "True\n"
    assert keys(kept) == {"a", "c"}


def test_an_array_of_another_shape_is_not_taken_for_it(kept: Kept) -> None:
    kept.array("a", SHAPE, Maker())
    make = Maker()
    again = kept.array("a", (10, 5, 5), make)
    assert make.asked == 1 and again is not None


def test_a_directory_that_cannot_be_used_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert Kept(tmp_path / "file" / "below").array("a", SHAPE, Maker()) is None


def test_two_processes_make_one(kept: Kept) -> None:
    program = """
import sys, time
from pathlib import Path
import numpy as np
from trainables.data.kept import Kept
root = Path(sys.argv[1])
def make():
    with (root.parent / "made").open("a") as file:
        file.write("once\\n")
    time.sleep(0.5)
    yield np.full((10, 25), 3, np.float32)
print("ready", flush=True); sys.stdin.readline()
array = Kept(root, spare=0).array("a", (10, 25), make)
print(float(array.sum()), flush=True)
"""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(kept.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n")[0] for process in both]
    assert answers == ["750.0\n", "750.0\n"]
    assert (kept.root.parent / "made").read_text() == "once\n"
