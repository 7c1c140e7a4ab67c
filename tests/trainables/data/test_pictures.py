from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainables.data.pictures import picture_size, read_picture
from trainables.errors import BadInput

ORIENTATION = 0x0112


@pytest.fixture
def corner():
    """12 x 20, black but for its upper left quarter."""
    array = np.zeros((12, 20, 3), np.uint8)
    array[:6, :10] = 255
    return array


def test_a_picture_is_read_as_it_is(tmp_path, corner):
    Image.fromarray(corner).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png", 12, 20, 3), corner)
    assert picture_size(tmp_path / "a.png") == (12, 20, False)


# How a viewer turns the stored picture to show it, by EXIF orientation.
TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_is_turned_as_its_exif_says(tmp_path, corner, orientation, suffix):
    path = tmp_path / f"turned.{suffix}"
    image = Image.fromarray(corner)
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if suffix == "jpg" else {}
    image.save(path, exif=exif, **options)
    expected = TURNS[orientation](corner)
    height, width = expected.shape[:2]
    assert picture_size(path) == (height, width, False)
    read = read_picture(path, height, width, 3)
    assert np.abs(read.astype(int) - expected).max() < 40


def test_transparency_is_laid_on_white(tmp_path):
    array = np.zeros((4, 4, 4), np.uint8)
    array[..., 0] = 200  # red
    array[0, :, 3], array[1, :, 3], array[2:, :, 3] = 0, 128, 255
    Image.fromarray(array).save(tmp_path / "a.png")
    read = read_picture(tmp_path / "a.png", 4, 4, 3).astype(int)
    assert (read[0] == 255).all()
    assert np.abs(read[1] - [227, 127, 127]).max() <= 1
    assert (read[2:] == [200, 0, 0]).all()


def test_a_transparent_palette_colour_is_white_too(tmp_path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 10, 20, 30] + [0] * 762)
    image.paste(1, (0, 0, 4, 2))
    image.save(tmp_path / "a.png", transparency=0)
    read = read_picture(tmp_path / "a.png", 4, 4, 3)
    assert (read[:2] == [10, 20, 30]).all()
    assert (read[2:] == 255).all()


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([0, 257, 32_896, 65_535], [0, 1, 128, 255]),
        ([0, 20, 120, 255], [0, 0, 0, 0]),  # a dark one is dark, whatever is in the others
    ],
    ids=["bright", "dark"],
)
def test_sixteen_bit_grey_is_brought_to_eight(tmp_path, levels, expected):
    array = np.array([levels] * 4, np.uint16)
    Image.fromarray(array).save(tmp_path / "a.png")
    assert picture_size(tmp_path / "a.png") == (4, 4, True)
    read = read_picture(tmp_path / "a.png", 4, 4, 1)[..., 0].astype(int)
    assert np.abs(read - expected).max() <= 1


def test_grey_and_colour_become_each_other(tmp_path):
    grey = np.arange(16, dtype=np.uint8).reshape(4, 4)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert picture_size(tmp_path / "grey.png") == (4, 4, True)
    assert np.array_equal(read_picture(tmp_path / "grey.png", 4, 4, 3), np.stack([grey] * 3, -1))
    Image.new("RGB", (4, 4), (90, 90, 90)).save(tmp_path / "rgb.png")
    assert (read_picture(tmp_path / "rgb.png", 4, 4, 1) == 90).all()
    assert read_picture(tmp_path / "rgb.png", 4, 4, 1).shape == (4, 4, 1)


@pytest.mark.parametrize("mode", ["1", "CMYK", "P", "LA", "I", "F"])
def test_any_mode_that_pillow_reads_is_read(tmp_path, mode):
    path = tmp_path / "a.tif"
    Image.new("L", (6, 5), 255).convert(mode).save(path)
    assert read_picture(path, 5, 6, 3).shape == (5, 6, 3)
    assert read_picture(path, 5, 6, 3).min() >= 254


def test_what_is_no_picture_is_named(tmp_path):
    path = tmp_path / "letter.png"
    path.write_text("dear network")
    with pytest.raises(BadInput, match=r"letter\.png: not a readable picture"):
        picture_size(path)
    with pytest.raises(BadInput, match=r"letter\.png: corrupt picture"):
        read_picture(path, 4, 4, 3)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    Image.new("L", (50, 50)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadInput, match=r"bomb\.png"):
        picture_size(tmp_path / "bomb.png")
