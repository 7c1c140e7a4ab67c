from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest

from trainables.data.splits import ImageMeta, Provenance, Split


def test_closed_splits_have_no_test_part(small_splits):
    assert len(small_splits.test) == 50
    closed = small_splits.closed()
    with pytest.raises(PermissionError, match="closed until the search is over"):
        _ = closed.test
    assert closed.train is small_splits.train and closed.val is small_splits.val
    assert (closed.meta, closed.digest) == (small_splits.meta, small_splits.digest)


def test_closed_splits_stay_closed_in_another_process(small_splits):
    sent = pickle.dumps(small_splits.closed())
    assert small_splits.test.inputs.tobytes() not in sent
    arrived = pickle.loads(sent)
    with pytest.raises(PermissionError, match="closed until the search is over"):
        _ = arrived.test
    assert np.array_equal(arrived.train.inputs, small_splits.train.inputs)


def test_train_and_val_can_be_one_part_for_training(small_splits):
    both = small_splits.all_for_training()
    assert np.array_equal(both.train.inputs[:200], small_splits.train.inputs)
    assert np.array_equal(both.train.inputs[200:], small_splits.val.inputs)
    assert both.train.targets.tolist() == [
        *small_splits.train.targets, *small_splits.val.targets,
    ]  # fmt: skip
    assert both.digest != small_splits.digest and len(both.digest) == 64
    with pytest.raises(PermissionError, match="closed"):
        _ = both.test


def test_closing_leaves_the_original_open(small_splits):
    small_splits.closed()
    assert len(small_splits.test) == 50


def test_bytes_are_those_that_a_trial_reads(small_splits):
    assert small_splits.nbytes == 250 * (16 * 16 + 8)


def test_inputs_and_targets_must_be_as_many():
    with pytest.raises(ValueError, match="3 inputs but 4 targets"):
        Split(np.zeros((3, 2, 2, 1), np.uint8), np.zeros(4, np.int64))


def test_meta_survives_json(small_splits):
    text = json.dumps(dataclasses.asdict(small_splits.meta))
    assert ImageMeta.from_json(json.loads(text)) == small_splits.meta


def test_provenance_reads_as_kind_and_name():
    assert str(Provenance("real", "MNIST", "whole")) == "real: MNIST"
