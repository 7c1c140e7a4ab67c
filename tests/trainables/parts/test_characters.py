"""Text in streams: the state is carried from window to window, and reset where it should be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from trainables.char_rnn import TASK, CharRNN, Config
from trainables.data.splits import Provenance, Splits
from trainables.data.text import UNKNOWN, Text, TextMeta
from trainables.parts import characters
from trainables.parts.characters import Streams, nats_of_each, text_report
from trainables.parts.fields import CELLS

META = TextMeta(tuple("abcdefgh"))


def text(count: int, seed: int = 0) -> Text:
    numbers = np.random.default_rng(seed).integers(1, META.symbols, count + 1, dtype=np.int32)
    numbers[0] = UNKNOWN
    return Text(numbers)


def network(cell: str) -> Any:
    torch.manual_seed(0)
    return CharRNN(Config(cell=cell, embedding=6, hidden_size=7, layers=2), META)


def test_every_reader_reads_its_own_stretch_and_is_asked_for_the_next_character():
    part = text(23)
    streams = Streams(part, batch_size=3, window=4, device="cpu")
    windows = list(streams.batches(torch.Generator()))
    assert len(windows) == streams.steps == 2
    inputs = torch.cat([w[0] for w in windows])
    targets = torch.cat([w[1].view(-1, 3) for w in windows])
    for reader in range(3):
        stretch = part.symbols[7 * reader : 7 * reader + 8]
        assert inputs[:, reader].tolist() == stretch[:-1].tolist()
        assert targets[:, reader].tolist() == stretch[1:].tolist()


@pytest.mark.parametrize("cell", CELLS)
def test_the_state_is_carried_between_windows_and_starts_anew_each_epoch(cell):
    module, part = network(cell), text(40)
    streams = Streams(part, batch_size=2, window=5, device="cpu")
    epochs = []
    for _ in range(2):
        batches = streams.batches(torch.Generator())
        epochs.append([float(streams.loss(module, *batch)[0].detach()) for batch in batches])
    assert epochs[0] == epochs[1]
    rows = torch.from_numpy(part.symbols[:40].astype(np.int64)).view(2, 20).T
    logits, _ = module(rows)
    wanted = torch.from_numpy(part.symbols[1:41].astype(np.int64)).view(2, 20).T
    whole = F.cross_entropy(logits, wanted.reshape(-1))
    assert np.mean(epochs[0]) == pytest.approx(float(whole.detach()), rel=1e-5)
    forgetful, _ = module(rows[5:10])  # what the second window would be from nothing
    assert epochs[0][1] != pytest.approx(
        F.cross_entropy(forgetful, wanted[5:10].reshape(-1)).item()
    )


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_reach_no_further_back_than_the_window(cell):
    module, part = network(cell), text(20)
    streams = Streams(part, batch_size=1, window=10, device="cpu")
    first, second = streams.batches(torch.Generator())
    streams.loss(module, *first)
    loss, _ = streams.loss(module, *second)
    loss.backward()
    seen = set(second[0].flatten().tolist())
    touched = set(torch.nonzero(module.embedding.weight.grad.abs().sum(1)).flatten().tolist())
    assert touched == seen


@pytest.mark.parametrize("cell", CELLS)
def test_each_character_is_scored_once_with_the_state_of_all_before(cell, monkeypatch):
    module, part = network(cell).eval(), text(50)
    rows = torch.from_numpy(part.symbols.astype(np.int64))[:, None]
    with torch.inference_mode():
        logits, _ = module(rows[:-1])
        whole = F.cross_entropy(logits, rows[1:, 0], reduction="none").numpy()
    monkeypatch.setattr(characters, "EVALUATION_WINDOW", 7)
    nats = nats_of_each(module, part, META, "cpu")
    np.testing.assert_allclose(nats, whole, rtol=1e-5)


def test_the_report_is_nats_bits_and_perplexity():
    report = text_report(np.array([1.0, 3.0], np.float32))
    assert report["nats"] == report["loss"] == 2.0
    assert report["bits"] == pytest.approx(2 / math.log(2))
    assert report["perplexity"] == pytest.approx(math.exp(2))
    assert report["count"] == 2


def splits(count: int) -> Splits:
    provenance = Provenance("own", "letters")
    return Splits(text(count), text(count // 4, 1), META, provenance, "", text(count // 4, 2))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_it_learns_what_follows_what(cell, tied):
    abc = np.tile(np.array([1, 2, 3, 4], np.int32), 300)
    part = Text(abc)
    repeated = Splits(part, part, META, Provenance("own", "abcd"), "")
    torch.manual_seed(0)
    size: dict[str, Any] = dict(embedding=8, hidden_size=16, window=20, batch_size=4, epochs=6)
    trainer = TASK.build(Config(cell=cell, tied=tied, lr=2e-2, **size), repeated, "cpu")
    module: Any = trainer.module
    results = [trainer.run_epoch() for _ in range(6)]
    assert results[-1]["val_nats"] < 0.2 < results[0]["train_nats"]
    assert results[-1]["grad_norm"] > 0
    assert "bcdabcda" in results[-1]["sample"] and len(results[-1]["sample"]) == 200
    if tied:
        assert module.head.weight is module.embedding.weight


def test_a_text_too_short_for_a_window_is_refused():
    TASK.check_data(Config(batch_size=4, window=25), splits(100))
    with pytest.raises(ValueError, match=r"100 characters .* batch_size=4 x window=26"):
        TASK.check_data(Config(batch_size=4, window=26), splits(100))


def test_a_hopeless_model_has_no_finite_perplexity_and_no_crash():
    assert text_report(np.array([800.0], np.float32))["perplexity"] == math.inf


def test_the_network_is_scored_on_the_device_asked_for():
    class Moving(CharRNN):
        def to(self, device):  # type: ignore[no-untyped-def,override]
            asked.append(device)
            return self

    asked: list[str] = []
    nats_of_each(Moving(Config(embedding=6, hidden_size=7), META).eval(), text(9), META, "cpu")
    assert asked == ["cpu"]


def test_the_gradients_norm_is_clipped():
    torch.manual_seed(0)
    norms, steps = [], []
    for clip in (1e-3, 1e3):
        config = Config(embedding=8, hidden_size=16, batch_size=4, clip=clip, lr=1e-3, epochs=1)
        trainer = TASK.build(config, splits(400), "cpu")
        step = trainer.optimizer.step

        def watched(trainer=trainer, step=step):
            gradients = [p.grad for p in trainer.module.parameters()]
            steps.append(float(torch.cat([g.flatten() for g in gradients if g is not None]).norm()))
            return step()

        trainer.optimizer.step = watched  # type: ignore[method-assign,assignment]
        norms.append(trainer.run_epoch()["grad_norm"])
    half = len(steps) // 2
    assert max(steps[:half]) <= 1.001e-3 < min(steps[half:])
    assert min(norms) > 1e-3  # as it was before it was clipped


def test_the_defaults_are_the_textbooks_settings():
    config = Config()
    assert (config.cell, config.layers, config.hidden_size) == ("lstm", 1, 128)
    assert (config.lr, config.batch_size, config.window, config.clip) == (2e-3, 50, 50, 5.0)
    assert (config.weight_decay, config.schedule, config.dropout) == (0.0, "constant", 0.0)
