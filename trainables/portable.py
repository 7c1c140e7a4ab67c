"""A network as its next home takes it: raw numbers in, and out what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

BATCH, STEPS = "batch", "steps"  # axes of any length


@dataclass(frozen=True)
class Port:
    """One array that goes in or comes out.

    Attributes:
        name: of the input or output in the exported graph.
        dtype: NumPy's name of the numbers' type.
        shape: by axis, its length, or the name of an axis of any length.
        about: what the numbers are, in words.
        names: of what lies along the last axis, where that has names.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    about: str
    names: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Port:
        """From what `dataclasses.asdict` and JSON made of one."""
        lists = {key: tuple(value[key]) for key in ("shape", "names")}
        return cls(**value | lists)

    def zeros(self, **lengths: int) -> np.ndarray:
        """An array of zeros that fits, with these lengths of its open axes."""
        shape = [lengths[n] if isinstance(n, str) else n for n in self.shape]
        return np.zeros(shape, self.dtype)


@dataclass(frozen=True)
class Portable:
    """A network, in evaluation mode, with what comes before and after it.

    Attributes:
        module: (data, *state) -> the outputs; a tensor where that is one.
        inputs: the first is data; any others are a state, which goes in as it last came out, and
            as zeros at the start.
        outputs: the first is what the network says; any others are the state after it.
        preprocessing: what is done to the first input before the network takes it, in words, for
            whoever has the weights alone.
        examples: (part, count) -> the first input, of this many examples of a part.
        trained: what the network says of the first input, by the way that training's own
            evaluation takes, in its own units: what an export must agree with.
        own: brings the first output to those units.
        classifies: whether the largest number of the first output is the answer.
    """

    module: nn.Module
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    preprocessing: str
    examples: Callable[[Any, int], np.ndarray]
    trained: Callable[[np.ndarray], np.ndarray]
    own: Callable[[np.ndarray], np.ndarray] = lambda outputs: outputs
    classifies: bool = False
