"""The length of the gradient, that every epoch reports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trainables.test_trainer import same_weights, start


def test_the_gradients_norm_is_measured_at_every_tenth_update(small_splits, monkeypatch):
    whole = start("mnist_cnn", small_splits, batch_size=8)
    seen: list[float] = []
    measure = whole._norm

    def every(step: int) -> Any:
        norm = measure(step)
        assert norm is not None
        seen.append(float(norm))
        return norm

    with monkeypatch.context() as patch:
        patch.setattr("trainables.trainer.NORM_EVERY", 1)
        patch.setattr(whole, "_norm", every)
        whole.run_epoch()
    tenth = start("mnist_cnn", small_splits, batch_size=8)
    result = tenth.run_epoch()
    assert len(seen) == 25  # updates of 8 in 200 pictures
    assert result["grad_norm"] == pytest.approx(sum(seen[::10]) / 3, rel=1e-6)
    assert min(seen) > 0 and same_weights(whole, tenth)
