from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from trainables.parts.augment import flip_and_crop, rotate_scale_shift


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count, height=8, width=10, channels=3):
    """No two pixels of one picture alike in all channels, and no picture its own mirror image."""
    pixels = torch.randint(0, 256, (count, height, width, channels), generator=generator(9))
    return pixels.to(torch.uint8)


def floats(*shape):
    return torch.empty(shape).uniform_(1, 255, generator=generator(9))


def crops(picture, pad):
    """By (down, right): the picture padded by torch's own reflection and cropped there."""
    height, width, _ = picture.shape
    padded = F.pad(picture.permute(2, 0, 1).float()[None], [pad] * 4, mode="reflect")[0]
    padded = padded.permute(1, 2, 0).to(torch.uint8)
    steps = range(2 * pad + 1)
    return {(y, x): padded[y : y + height, x : x + width] for y in steps for x in steps}


def test_without_flip_and_padding_nothing_changes():
    images = pictures(5)
    assert torch.equal(flip_and_crop(images, flip=False, pad=0, generator=generator()), images)


def test_flip_turns_about_half_left_to_right_and_no_other():
    images = pictures(400)
    before = images.clone()
    out = flip_and_crop(images, flip=True, pad=0, generator=generator())
    assert torch.equal(images, before)
    assert out.shape == images.shape and out.dtype == torch.uint8
    kept = (out == images).flatten(1).all(1)
    flipped = (out == images.flip(2)).flatten(1).all(1)
    assert bool((kept ^ flipped).all())
    assert 150 < int(flipped.sum()) < 250


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("pad", [1, 4, 7])
def test_padding_is_torchs_reflection_and_every_shift_happens(flip, pad):
    images = pictures(400)
    before = images.clone()
    out = flip_and_crop(images, flip=flip, pad=pad, generator=generator())
    assert torch.equal(images, before)
    assert out.shape == images.shape and out.dtype == torch.uint8
    downs: set[int] = set()
    rights: set[int] = set()
    mirrored = 0
    for image, result in zip(images, out, strict=True):
        plain = [at for at, crop in crops(image, pad).items() if torch.equal(crop, result)]
        turned = [at for at, crop in crops(image.flip(1), pad).items() if torch.equal(crop, result)]
        assert plain or (turned and flip)
        downs.update(y for y, _ in plain or turned)
        rights.update(x for _, x in plain or turned)
        mirrored += not plain  # far shifts of a picture and of its mirror image may agree
    assert downs == rights == set(range(2 * pad + 1))
    assert mirrored > 10 if flip else not mirrored


def test_pictures_of_one_batch_are_shifted_independently():
    out = flip_and_crop(pictures(1).repeat(64, 1, 1, 1), flip=True, pad=2, generator=generator())
    assert len({tuple(picture.flatten().tolist()) for picture in out}) > 20


@pytest.mark.parametrize("pad", [0, 2])
def test_flip_and_crop_follows_its_generator_alone(pad):
    images = pictures(50)
    one = flip_and_crop(images, flip=True, pad=pad, generator=generator(1))
    torch.manual_seed(123)
    assert torch.equal(one, flip_and_crop(images, flip=True, pad=pad, generator=generator(1)))
    assert not torch.equal(one, flip_and_crop(images, flip=True, pad=pad, generator=generator(2)))


def test_without_rotation_scale_and_shift_nothing_changes():
    images = floats(4, 3, 9, 12)
    out = rotate_scale_shift(images, degrees=0, scale=0, shift=0, generator=generator())
    assert torch.allclose(out, images, atol=1e-2)


def test_rotate_scale_shift_follows_its_generator_alone():
    images = floats(4, 1, 12, 12)
    before = images.clone()

    def go(seed):
        return rotate_scale_shift(images, degrees=20, scale=0.2, shift=2, generator=generator(seed))

    one = go(1)
    torch.manual_seed(123)
    assert torch.equal(one, go(1))
    assert not torch.equal(one, go(2))
    assert one.shape == images.shape and one.dtype == images.dtype
    assert torch.equal(images, before)


@pytest.fixture
def extreme(monkeypatch):
    """Every draw is the largest there is: the full angle, the full scale, the full shift."""
    monkeypatch.setattr(torch, "rand", lambda count, **rest: torch.ones(count))


@pytest.mark.parametrize("degrees", [90, 180])
def test_the_largest_rotation_is_by_the_degrees_given(extreme, degrees):
    images = floats(3, 2, 11, 11)
    out = rotate_scale_shift(images, degrees=degrees, scale=0, shift=0, generator=generator())
    turns = degrees // 90
    either_way = [torch.rot90(images, k, (2, 3)) for k in (turns, -turns)]
    assert any(torch.allclose(out, expected, atol=0.05) for expected in either_way)


def test_the_largest_shift_is_by_the_pixels_given_and_zeros_come_in(extreme):
    images = floats(2, 1, 9, 14)
    out = rotate_scale_shift(images, degrees=0, scale=0, shift=3, generator=generator())
    padded = F.pad(images, [3, 3, 3, 3])
    either_way = [padded[..., y : y + 9, x : x + 14] for y in (0, 6) for x in (0, 6)]
    assert any(torch.allclose(out, expected, atol=0.05) for expected in either_way)


def test_the_largest_scale_enlarges_by_the_share_given(extreme):
    images = torch.zeros(1, 1, 40, 40)
    images[..., 15:25, 15:25] = 100.0  # a square of 10 x 10 pixels
    out = rotate_scale_shift(images, degrees=0, scale=0.5, shift=0, generator=generator())
    assert float(out.sum()) / 100 == pytest.approx(15 * 15, rel=0.02)


def test_pictures_that_are_not_square_are_turned_without_distortion(extreme):
    images = torch.zeros(1, 1, 21, 41)
    images[..., 10, 15] = 100.0  # five pixels left of the middle
    out = rotate_scale_shift(images, degrees=90, scale=0, shift=0, generator=generator())
    brightest = divmod(int(out.argmax()), 41)
    assert brightest in [(5, 20), (15, 20)]  # five pixels above or below it


def test_draws_stay_within_what_was_asked_and_reach_it():
    images = torch.zeros(500, 1, 41, 41)
    images[..., 20, 20] = 100.0
    out = rotate_scale_shift(images, degrees=0, scale=0, shift=6, generator=generator())
    share = out / out.sum((2, 3), keepdim=True)
    places = torch.arange(41.0)
    down = (share.sum(3) * places).sum(2).flatten() - 20
    right = (share.sum(2) * places).sum(2).flatten() - 20
    for offset in (down, right):
        assert float(offset.abs().max()) <= 6.01
        assert float(offset.max()) > 5.5 and float(offset.min()) < -5.5
        assert abs(float(offset.mean())) < 0.6
    assert abs(float(torch.corrcoef(torch.stack([down, right]))[0, 1])) < 0.2
