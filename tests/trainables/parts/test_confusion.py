"""What a classifier takes for what: counted, its surest mistakes, whatever classes are called."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from trainables.data.splits import ImageMeta, Split
from trainables.inspection import Seen
from trainables.parts.confusion import MOST_CLASSES, confusion_figures, picture_points
from trainables.parts.confusion_plot import draw_confusion, draw_most_confused
from trainables.parts.pngs import from_text, png, sheet, to_text

META = ImageMeta(4, 6, 3, ("cat", "dog", "owl"), (0.0,) * 3, (1.0,) * 3)
# By row: is a cat, taken for a cat; dog for cat, narrowly; dog for owl, surely; owl for owl.
LOGITS = np.array([[3, 0, 0], [1, 0.9, 0], [0, 0, 9], [0, 0, 2]], np.float32)
TARGETS = np.array([0, 1, 1, 2])


@pytest.fixture
def part() -> Split:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 4, 6, 3)).astype(np.uint8)
    return Split(pictures, TARGETS)


def seen(logits: np.ndarray) -> Seen:
    rows = np.arange(0, len(logits), 2)
    return Seen(np.ones((len(rows), 5), np.float32), rows, logits, len(logits))


def test_counts_and_surest_mistakes(part: Split) -> None:
    found = confusion_figures(seen(LOGITS), part, META)
    assert found["confusion"]["counts"] == [[1, 0, 0], [1, 0, 1], [0, 0, 1]]
    surest, other = found["most_confused"]["pictures"]
    assert (surest["is"], surest["taken_for"]) == ("dog", "owl") and surest["share"] > 0.99
    assert (other["is"], other["taken_for"]) == ("dog", "cat")
    assert other["share"] == pytest.approx(np.exp(1) / np.exp([1, 0.9, 0]).sum())
    assert np.array_equal(from_text(surest["picture"]), part.inputs[2])


@pytest.mark.parametrize("said", [{"right": 1}, {"examples": 150}])
def test_what_is_right_of_all_is_drawn(said: dict[str, int], part: Split) -> None:
    found = confusion_figures(seen(LOGITS), part, META)["confusion"]
    assert draw_confusion(found) != draw_confusion(found | said)


def test_no_mistake_is_no_picture(part: Split) -> None:
    right = np.eye(3, dtype=np.float32)[TARGETS]
    assert set(confusion_figures(seen(right), part, META)) == {"confusion"}


def test_a_head_that_gives_no_logits_is_not_drawn(part: Split) -> None:
    assert confusion_figures(seen(LOGITS[:, :2]), part, META) == {}
    assert picture_points(seen(LOGITS[:, :2]), None, part, META) is None  # type: ignore[arg-type]


def test_points_of_pictures(part: Split) -> None:
    points = picture_points(seen(LOGITS), None, part, META)  # type: ignore[arg-type]
    assert points is not None and points.pictures is not None
    assert points.about == {
        "label": ["cat", "dog"],
        "taken for": ["cat", "owl"],
        "right": ["yes", "no"],
    }
    assert np.array_equal(points.pictures, part.inputs[::2])


def test_of_many_classes_the_most_mistaken() -> None:
    count = MOST_CLASSES + 50
    meta = ImageMeta(1, 1, 1, tuple(map(str, range(count))), (0.0,), (1.0,))
    targets = np.arange(count)
    taken = targets.copy()
    taken[7], taken[9] = 9, 7
    part = Split(np.zeros((count, 1, 1, 1), np.uint8), targets)
    found = confusion_figures(seen(np.eye(count, dtype=np.float32)[taken]), part, meta)["confusion"]
    assert len(found["classes"]) == len(found["counts"]) == MOST_CLASSES and found["of"] == count
    assert {"7", "9"} <= set(found["classes"])
    assert (found["right"], found["examples"]) == (count - 2, count)  # of all, shown or not
    assert draw_confusion(found).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "name", ["a$ b_$", "<script>alert(1)</script>", "line\nbreak", "猫", "x" * 300]
)
def test_a_hostile_name_is_drawn_as_it_is(name: str, part: Split) -> None:
    meta = ImageMeta(4, 6, 3, (name, "dog", "owl"), (0.0,) * 3, (1.0,) * 3)
    found = confusion_figures(seen(LOGITS), part, meta)
    for made in (draw_confusion(found["confusion"]), draw_most_confused(found["most_confused"])):
        assert max(Image.open(io.BytesIO(made)).size) < 1200


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_is_square_and_in_order(channels: int) -> None:
    pictures = np.arange(5 * 2 * 3 * channels, dtype=np.uint8).reshape(5, 2, 3, channels)
    made = np.array(Image.open(io.BytesIO(sheet(pictures)))).reshape(6, 9, channels)
    assert np.array_equal(made[:2, 3:6], pictures[1]) and np.array_equal(made[2:4, :3], pictures[3])
    assert not made[4:].any()
    one = from_text(to_text(png(pictures[0])))
    assert np.array_equal(one[..., :channels], pictures[0])
