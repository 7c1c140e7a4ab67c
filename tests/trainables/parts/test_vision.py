from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from trainables.parts import vision

ROOT = Path(__file__).resolve().parents[3]

FRESH = """
from trainables.parts import vision
torchvision = vision.import_torchvision()
from torchvision import datasets, models, transforms
assert datasets.MNIST and datasets.CIFAR10
assert sum(p.numel() for p in models.resnet18().parameters()) == 11_689_512
declared = len(vision._KEPT)
assert vision.import_torchvision() is torchvision
assert len(vision._KEPT) == declared
print("fine", declared)
"""


def test_torchvision_imports_in_a_fresh_process_with_whatever_torch_there_is():
    command = [sys.executable, "-c", FRESH]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("fine ")


def test_where_torchvision_imports_by_itself_nothing_is_declared(monkeypatch):
    vision.import_torchvision()  # from here on the plain import works in this process

    def no_library(*arguments):
        raise AssertionError("operators were declared though torchvision imports")

    monkeypatch.setattr(torch.library, "Library", no_library)
    import torchvision

    assert vision.import_torchvision() is torchvision


def test_other_errors_of_the_import_are_not_hidden(monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "torchvision":
                raise RuntimeError("the disk is on fire")
            return None

    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    before = len(vision._KEPT)
    with pytest.raises(RuntimeError, match="the disk is on fire"):
        vision.import_torchvision()
    assert len(vision._KEPT) == before
