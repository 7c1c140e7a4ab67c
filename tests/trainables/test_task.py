from __future__ import annotations

import pytest
import torch

from trainables import cifar10_net, mnist_cnn
from trainables.task import begin, find_task

CONFIG = dict(conv1=3, conv2=4, l1=12, l2=10, dropout=0.2, flip=True, crop_padding=2, epochs=2)
OTHER = dict(hidden=8, dropout=0.5, rotate=9.0, optimizer="adamw", epochs=1, schedule="cosine")


def results(splits, threads=1):
    training = begin(
        cifar10_net.TASK,
        {"batch_size": 16, "optimizer": "adam", **CONFIG},
        splits,
        device="cpu",
        seed=11,
        threads=threads,
    )
    scores = [training.run_epoch() for _ in range(2)]
    for score in scores:
        del score["seconds"], score["samples_per_second"], score["wall_time"]
    return scores, training.module.state_dict()


def test_a_reused_process_leaks_nothing_into_the_next_training(small_splits):
    first_scores, first_weights = results(small_splits)
    other = begin(mnist_cnn.TASK, OTHER, small_splits, device="cpu", seed=5, threads=2)
    assert torch.get_num_threads() == 2
    other.run_epoch()
    torch.rand(17)
    again_scores, again_weights = results(small_splits)
    assert torch.get_num_threads() == 1
    assert again_scores == first_scores
    assert all(torch.equal(again_weights[name], value) for name, value in first_weights.items())


def test_a_training_that_failed_leaks_nothing_either(small_splits):
    first_scores, _ = results(small_splits)
    wild = dict(OTHER, optimizer="sgd", lr=10.0, epochs=50, batch_size=1)
    doomed = begin(mnist_cnn.TASK, wild, small_splits, device="cpu", seed=5, threads=1)
    with pytest.raises(ArithmeticError):
        for _ in range(50):
            doomed.run_epoch()
    assert results(small_splits)[0] == first_scores


def test_begin_refuses_what_the_config_refuses(small_splits):
    with pytest.raises(ValueError, match=r"lr=-1: must be a number from 1e-08 to 10"):
        begin(mnist_cnn.TASK, {"lr": -1}, small_splits, device="cpu", seed=0, threads=1)


@pytest.mark.parametrize("name", ["cifar10_net", "mnist_cnn"])
def test_tasks_are_found_by_name(name):
    task = find_task(name)
    assert task.name == name
    assert task.Config().epochs >= 1


def test_an_unknown_task_is_no_module():
    with pytest.raises(ModuleNotFoundError, match="no_such_task"):
        find_task("no_such_task")
