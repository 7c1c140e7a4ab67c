from __future__ import annotations

import math

import numpy as np
import pytest

from trainables.parts.scores import classification_report, classification_shares

LOGITS = np.array([[2, 0, 0], [0, 2, 0], [2, 0, 0], [0, 3, 0]], np.float32)
TARGETS = np.array([0, 1, 1, 1])


def test_a_report_counts_what_a_person_would_count():
    report = classification_report(LOGITS, TARGETS, ("a", "b", "c"))
    assert report["accuracy"] == 0.75
    assert report["count"] == 4
    assert report["confusion"] == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert report["class_accuracy"] == {"a": 1.0, "b": pytest.approx(2 / 3), "c": None}


def test_its_loss_is_the_mean_cross_entropy():
    report = classification_report(LOGITS, TARGETS, ("a", "b", "c"))

    def loss(right: float, others: list[float]) -> float:
        return math.log(sum(map(math.exp, [right, *others]))) - right

    parts = [loss(2, [0, 0]), loss(2, [0, 0]), loss(0, [2, 0]), loss(3, [0, 0])]
    assert report["loss"] == pytest.approx(sum(parts) / 4)


def test_each_example_has_its_share_of_both_scores():
    report = classification_report(LOGITS, TARGETS, ("a", "b", "c"))
    each = classification_shares(LOGITS, TARGETS)
    assert each["accuracy"].tolist() == [1.0, 1.0, 0.0, 1.0]
    assert each["loss"].mean() == pytest.approx(report["loss"]) and len(each["loss"]) == 4


def test_huge_logits_do_not_overflow():
    report = classification_report(
        np.array([[1e4, 0.0], [0.0, 1e4]], np.float32), np.array([0, 1]), ("a", "b")
    )
    assert report["loss"] == 0.0
