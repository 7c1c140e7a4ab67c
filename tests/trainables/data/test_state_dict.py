"""A file of weights is read without trusting it, and refused in one line that says why."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables.data.state_dict import check_fits, digest_of, put_into, read_state_dict
from trainables.errors import BadInput
from trainables.parts.resnet import HEAD, ResNet18
from trainables.parts.vision import import_torchvision

OPTION = "--weights mine.pt"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    found: dict[str, torch.Tensor] = ResNet18(classes=7, side=32).state_dict()
    return found


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code has run",))


@pytest.mark.parametrize("inside", [None, "state_dict", "model", "module"])
def test_a_state_dict_alone_or_in_a_checkpoint(
    inside: str | None, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    content = state if inside is None else {"epoch": 3, inside: state}
    arrays = read_state_dict(saved(tmp_path / "mine.pt", content), OPTION)
    assert list(arrays) == list(state)
    assert all(np.array_equal(arrays[name], value.numpy()) for name, value in state.items())


def test_that_of_a_data_parallel_network(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    wrapped = {f"module.{name}": value for name, value in state.items()}
    assert list(read_state_dict(saved(tmp_path / "mine.pt", wrapped), OPTION)) == list(state)


def test_code_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "plain.pt"
    plain.write_bytes(pickle.dumps({"conv1.weight": Evil()}))
    for path in (saved(tmp_path / "zip.pt", {"conv1.weight": Evil()}), plain):
        with pytest.raises(BadInput, match=r"--weights mine.pt: .* holds more than weights"):
            read_state_dict(path, OPTION)
    assert "code has run" not in capsys.readouterr().out


def test_a_whole_network_is_no_state_dict(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="save the model's state_dict"):
        read_state_dict(saved(tmp_path / "net.pt", torch.nn.Linear(2, 2)), OPTION)


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3}, torch.zeros(3), {"a": 1.0}])
def test_anything_else(content: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no state dict"):
        read_state_dict(saved(tmp_path / "mine.pt", content), OPTION)


@pytest.mark.parametrize("content", [b"", b"weights", b"PK\x03\x04 half a zip", b"\x80\x04K"])
def test_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(content)
    with pytest.raises(BadInput, match=r"is no file of torch.save, or damaged"):
        read_state_dict(tmp_path / "mine.pt", OPTION)


def test_a_cut_file(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.pt", state)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BadInput, match=r"is no file of torch.save, or damaged"):
        read_state_dict(path, OPTION)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be read \(No such file"):
        read_state_dict(tmp_path / "gone.pt", OPTION)
    with pytest.raises(BadInput, match="is a folder"):
        read_state_dict(tmp_path, OPTION)


def fits(arrays: dict[str, Any]) -> None:
    wanted = ResNet18(classes=2, side=32).state_dict()
    check_fits(arrays, wanted, HEAD, what=OPTION, network="ResNet-18")


def arrays_of(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in state.items()}


def test_other_numbers_of_classes_and_none_fit(state: dict[str, torch.Tensor]) -> None:
    fits(arrays_of(state))
    fits({name: a for name, a in arrays_of(state).items() if name not in HEAD})


def test_another_network_is_refused_by_its_first_names() -> None:
    models = import_torchvision().models
    deeper = arrays_of(models.resnet34().state_dict())
    with pytest.raises(BadInput, match=r"not the weights of a ResNet-18: it has layer1\.2\.conv1"):
        fits(deeper)
    with pytest.raises(BadInput, match=r"it lacks conv1\.weight, bn1\.weight and has features"):
        fits(arrays_of(models.vgg11().state_dict()))


def test_another_shape_is_refused(state: dict[str, torch.Tensor]) -> None:
    arrays = arrays_of(state)
    one = arrays | {"conv1.weight": arrays["conv1.weight"][:, :1]}
    with pytest.raises(BadInput, match=r"conv1.weight is \[64, 1, 7, 7\], not \[64, 3, 7, 7\]"):
        fits(one)
    with pytest.raises(BadInput, match=r"fc.weight is \[7, 100\]"):
        fits(arrays | {"fc.weight": arrays["fc.weight"][:, :100]})


def test_broken_numbers_are_refused(state: dict[str, torch.Tensor]) -> None:
    broken = arrays_of(state)["bn1.bias"].copy()
    broken[3] = np.nan
    with pytest.raises(BadInput, match=r"bn1.bias holds numbers that are not finite"):
        fits(arrays_of(state) | {"bn1.bias": broken})


def test_half_a_head_is_refused(state: dict[str, torch.Tensor]) -> None:
    arrays = arrays_of(state)
    with pytest.raises(BadInput, match=r"it lacks fc\.weight"):
        fits({name: a for name, a in arrays.items() if name != "fc.weight"})
    with pytest.raises(BadInput, match=r"are of different numbers of classes"):
        fits(arrays | {"fc.bias": arrays["fc.bias"][:3]})


def test_files_without_counts_of_batches_fit(state: dict[str, torch.Tensor]) -> None:
    old = {n: a for n, a in arrays_of(state).items() if not n.endswith("num_batches_tracked")}
    fits(old)
    put_into(ResNet18(classes=7, side=32), old, drop=set())


def test_half_precision_is_read(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    half = {n: v.bfloat16() if v.is_floating_point() else v for n, v in state.items()}
    arrays = read_state_dict(saved(tmp_path / "half.pt", half), OPTION)
    assert arrays["fc.weight"].dtype == np.float32
    with pytest.raises(BadInput, match="holds what is no plain tensor"):
        read_state_dict(saved(tmp_path / "sparse.pt", {"a": torch.eye(2).to_sparse()}), OPTION)


def test_put_into(state: dict[str, torch.Tensor]) -> None:
    torch.manual_seed(5)
    same, other = ResNet18(classes=7, side=32), ResNet18(classes=3, side=32)
    head = other.fc.weight.detach().clone()
    put_into(same, arrays_of(state), drop=set())
    put_into(other, arrays_of(state), drop=set(HEAD))
    assert torch.equal(same.fc.weight, state["fc.weight"])
    assert torch.equal(other.fc.weight, head)
    assert torch.equal(other.layer4[0].conv1.weight, state["layer4.0.conv1.weight"])


def test_the_digest_is_of_names_and_numbers(state: dict[str, torch.Tensor]) -> None:
    arrays = arrays_of(state)
    assert digest_of(arrays) == digest_of(dict(reversed(arrays.items())))
    assert digest_of(arrays) != digest_of(arrays | {"fc.bias": arrays["fc.bias"] + 1})
