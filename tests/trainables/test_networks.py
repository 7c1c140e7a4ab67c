"""Both textbook networks: their size, their shapes, and that ReLU after pooling changes nothing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from trainables import cifar10_net, mnist_cnn
from trainables.data.splits import ImageMeta

NETWORKS = {"mnist_cnn": mnist_cnn, "cifar10_net": cifar10_net}


def network(name, height, width, channels, classes=10, **config):
    module = NETWORKS[name]
    names = tuple(map(str, range(classes)))
    meta = ImageMeta(height, width, channels, names, (0.0,) * channels, (1.0,) * channels)
    return module.TASK.network(module.Config(**config), meta)


@pytest.mark.parametrize(
    ("name", "height", "width", "channels", "count"),
    [("mnist_cnn", 28, 28, 1, 421_642), ("cifar10_net", 32, 32, 3, 62_006)],
)
def test_the_defaults_are_the_textbook_networks(name, height, width, channels, count):
    net = network(name, height, width, channels)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == count


BASELINES = {
    "mnist_cnn": dict(optimizer="adam", lr=1e-3, batch_size=64, conv1=32, conv2=64, hidden=128),
    "cifar10_net": dict(optimizer="sgd", lr=1e-3, momentum=0.9, batch_size=4, l1=120, l2=84),
}
PLAIN = dict(schedule="constant", dropout=0.0, label_smoothing=0.0, weight_decay=0.0)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_defaults_are_the_textbook_settings(name):
    config = vars(NETWORKS[name].Config())
    expected = BASELINES[name] | PLAIN | {"nesterov": False}
    assert {key: config[key] for key in expected} == expected
    augmentation = ("flip", "crop_padding", "rotate", "scale", "shift")
    assert not any(config.get(key) for key in augmentation)


@pytest.mark.parametrize(
    ("name", "height", "width", "channels", "classes", "config"),
    [
        ("mnist_cnn", 28, 28, 1, 10, {}),
        ("mnist_cnn", 4, 4, 1, 2, {}),
        ("mnist_cnn", 17, 30, 3, 7, dict(conv1=5, conv2=3, hidden=9)),
        ("cifar10_net", 32, 32, 3, 10, {}),
        ("cifar10_net", 16, 16, 1, 2, {}),
        ("cifar10_net", 16, 45, 1, 100, dict(conv1=5, conv2=3, l1=9, l2=8)),
    ],
)
def test_one_logit_a_class_for_any_size_and_number_of_channels(
    name, height, width, channels, classes, config
):
    net = network(name, height, width, channels, classes, **config)
    assert net(torch.randn(3, channels, height, width)).shape == (3, classes)


@pytest.mark.parametrize(
    ("name", "height", "width", "message"),
    [
        ("mnist_cnn", 3, 28, "3x28: mnist_cnn needs 4x4"),
        ("mnist_cnn", 28, 3, "28x3: mnist_cnn needs 4x4"),
        ("cifar10_net", 15, 32, "15x32: cifar10_net needs 16x16"),
        ("cifar10_net", 32, 15, "32x15: cifar10_net needs 16x16"),
    ],
)
def test_pictures_too_small_for_the_network_are_refused(name, height, width, message):
    with pytest.raises(ValueError, match=message):
        network(name, height, width, 1)


def textbook(name, net, x):
    """The forward pass in the textbook's order: convolution, ReLU, pooling."""
    x = F.max_pool2d(F.relu(net.conv1(x)), 2)
    x = F.max_pool2d(F.relu(net.conv2(x)), 2)
    x = F.relu(net.fc1(torch.flatten(x, 1)))
    if name == "mnist_cnn":
        return net.fc2(x)
    return net.fc3(F.relu(net.fc2(x)))


@pytest.mark.parametrize("rounded", [False, True], ids=["distinct", "many ties"])
@pytest.mark.parametrize(
    ("name", "side", "channels"), [("mnist_cnn", 28, 1), ("cifar10_net", 32, 3)]
)
def test_forward_and_gradients_equal_the_textbook_order(name, side, channels, rounded):
    torch.manual_seed(0)
    net = network(name, side, side, channels)
    images = torch.randn(8, channels, side, side)
    if rounded:  # equal neighbours, exact zeros: where the order could matter
        images = images.round()
        with torch.no_grad():
            net.conv1.weight.copy_((net.conv1.weight * 12).round())
            net.conv1.bias.zero_()
    targets = torch.arange(8)

    gradients = []
    outputs = []
    for forward in (net, lambda x: textbook(name, net, x)):
        inputs = images.clone().requires_grad_()
        net.zero_grad(set_to_none=True)
        logits = forward(inputs)
        F.cross_entropy(logits, targets).backward()
        outputs.append(logits.detach())
        gradients.append([inputs.grad, *(p.grad for p in net.parameters())])
    assert torch.equal(*outputs)
    assert outputs[0].abs().max() > 0
    for ours, theirs in zip(*gradients, strict=True):
        assert ours.abs().max() > 0
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (27, 30)])
def test_without_gradients_the_forward_is_the_same(height, width):
    torch.manual_seed(0)
    net = network("cifar10_net", height, width, 3)
    images = torch.randn(8, 3, height, width).round().contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        assert torch.equal(net(images), textbook("cifar10_net", net, images))


@pytest.mark.parametrize("name", NETWORKS)
def test_dropout_acts_in_training_only(name):
    net = network(name, 32, 32, 3, dropout=0.5)
    images = torch.randn(2, 3, 32, 32)
    assert not torch.equal(net(images), net(images))
    net.eval()
    assert torch.equal(net(images), net(images))
