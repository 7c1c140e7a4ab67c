"""A file of weights: read without trusting it, and held against the network it is for."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.errors import BadInput
from trainables.trainer import load_tensors

_INSIDE = ("state_dict", "model", "module")  # where checkpoints keep one
_SHOWN = 2  # names in an error


def read_state_dict(path: Path, option: str) -> dict[str, np.ndarray]:
    """The state dict in a file, or in a checkpoint that holds one, as arrays.

    Args:
        option: what named the file, for an error.

    Raises:
        BadInput: the file cannot be read, is damaged, or holds code or anything else but weights.
    """
    damaged = BadInput(f"{option}: {path} is no file of torch.save, or damaged")
    try:
        with warnings.catch_warnings(action="ignore"):  # on the protocol of a plain pickle
            content = load_tensors(path)
    except OSError as error:
        what = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise BadInput(f"{option}: {path} {what}") from None
    except pickle.UnpicklingError:
        with path.open("rb") as file:
            if not file.read(2).startswith((b"PK", b"\x80")):  # neither torch.save's nor a pickle
                raise damaged from None
        raise BadInput(
            f"{option}: {path} is a pickle that holds more than weights (code could run from it), "
            "and is not loaded; save the model's state_dict() instead"
        ) from None
    except Exception:  # from half a file anything may come
        raise damaged from None
    found = _inner(content)
    if found is None:
        raise BadInput(f"{option}: {path} holds no state dict (names and tensors)")
    try:
        return {name.removeprefix("module."): _array(tensor) for name, tensor in found.items()}
    except (TypeError, RuntimeError, ValueError) as error:  # sparse, quantised
        raise BadInput(f"{option}: {path} holds what is no plain tensor ({error})") from None


def _array(tensor: Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return np.ascontiguousarray(array).reshape(array.shape)


def _inner(content: Any) -> Mapping[str, Tensor] | None:
    inner = [content.get(key) for key in _INSIDE] if isinstance(content, Mapping) else []
    for candidate in (content, *inner):
        if _is_state_dict(candidate):
            return candidate  # type: ignore[no-any-return]
    return None


def _is_state_dict(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(n, str) and isinstance(t, Tensor) for n, t in value.items())


def check_fits(
    arrays: Mapping[str, np.ndarray],
    wanted: Mapping[str, Tensor],
    head: tuple[str, ...],
    *,
    what: str,
    network: str,
) -> None:
    """Raise BadInput, naming the first that do not fit, unless arrays are those of a network.

    Args:
        wanted: the network's state dict.
        head: names whose first axis, the classes, may be of another length.
        what: the file, for the error. network: its name.
    """
    # Counts of batches: old files have none, and nothing here reads them.
    optional = [name for name in wanted if name.endswith("num_batches_tracked")]
    some = [name for name in head if name in arrays]
    wants = set(wanted) - set(optional) - (set() if some else set(head))
    missing = [name for name in wanted if name in wants and name not in arrays]
    unknown = [name for name in arrays if name not in wanted]
    if missing or unknown:
        parts = [f"lacks {', '.join(missing[:_SHOWN])}"] if missing else []
        parts += [f"has {', '.join(unknown[:_SHOWN])}"] if unknown else []
        raise BadInput(f"{what}: not the weights of a {network}: it {' and '.join(parts)}")
    for name, tensor in wanted.items():
        if name not in arrays:
            continue
        first = 1 if name in head else 0
        found = arrays[name].shape
        if len(found) != tensor.dim() or found[first:] != tuple(tensor.shape)[first:]:
            raise BadInput(
                f"{what}: not the weights of a {network}: {name} is {list(found)}, not "
                f"{list(tensor.shape)}"
            )
        if name in head and found[0] != arrays[head[0]].shape[0]:
            raise BadInput(f"{what}: {' and '.join(head)} are of different numbers of classes")
        if not np.isfinite(arrays[name]).all():
            raise BadInput(f"{what}: {name} holds numbers that are not finite")


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of a state dict, hexadecimal."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def put_into(network: torch.nn.Module, arrays: Mapping[str, np.ndarray], drop: set[str]) -> None:
    """Load arrays into a network; what is named in `drop` keeps the weights it has."""
    state = {n: torch.from_numpy(np.array(a)) for n, a in arrays.items() if n not in drop}
    network.load_state_dict(state, strict=False)  # `check_fits` has looked
