"""A recurrent network that writes text character by character: RNN, LSTM or GRU.

The textbook's settings (A. Karpathy's char-rnn, 2015: one LSTM layer of 128, lr 2e-3, batch 50,
windows of 50, gradients clipped at 5) are Config's defaults: the baseline that a search must beat.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.splits import Splits
from trainables.data.text import UNKNOWN, Text, TextMeta, load_text
from trainables.hyperparameters import check, flag, number
from trainables.inspection import Inspection, Points, Seen
from trainables.parts import fields
from trainables.parts.characters import Streams, nats_of_each, text_report
from trainables.parts.generation import Sampling, sample
from trainables.parts.graphs import portable_characters
from trainables.parts.kernels import choose_kernels
from trainables.parts.ngrams import longest_order, ngram_nats
from trainables.parts.optimizers import adamw, make_schedule
from trainables.parts.recurrent import Recurrent, State
from trainables.scoring import Scoring
from trainables.task import Task
from trainables.trainer import Trainer

SHOWN = 200  # characters of the sample that each epoch shows
CONTEXT = 12  # characters before a point that stand beside it


@dataclass(frozen=True)
class Config:
    """Every hyperparameter of `char_rnn`."""

    cell: str = fields.cell("lstm")
    embedding: int = fields.width(64, "numbers that stand for a character")
    hidden_size: int = fields.hidden_size(128)
    layers: int = fields.layers(1)
    dropout: float = fields.dropout(0.0)
    tied: bool = flag(False, help="the output layer shares the embedding's weights")
    window: int = number(
        50, low=1, high=10_000, unit="characters", help="gradients go back this far"
    )
    batch_size: int = fields.batch_size(50)
    lr: float = fields.lr(2e-3)
    schedule: str = fields.schedule("constant")
    weight_decay: float = fields.decoupled_decay(0.0)
    clip: float = fields.clip(5.0)
    epochs: int = fields.epochs(20)

    def __post_init__(self) -> None:
        check(self)


class CharRNN(nn.Module):
    """embedding - recurrent layers - linear; tied: linear to the embedding's width, its transpose.

    Tying: O. Press and L. Wolf, "Using the Output Embedding to Improve Language Models", 2017.
    """

    def __init__(self, config: Config, meta: TextMeta) -> None:
        super().__init__()
        self.embedding = nn.Embedding(meta.symbols, config.embedding)
        self.recurrent = Recurrent(
            config.cell, config.embedding, config.hidden_size, config.layers, config.dropout
        )
        if config.tied:
            self.project: nn.Module = nn.Linear(config.hidden_size, config.embedding)
            self.head = nn.Linear(config.embedding, meta.symbols)
            self.head.weight = self.embedding.weight
            nn.init.normal_(self.embedding.weight, std=config.embedding**-0.5)
        else:
            self.project = nn.Identity()
            self.head = nn.Linear(config.hidden_size, meta.symbols)

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """int64 [steps, n] and a state -> logits [steps * n, symbols], and the state after."""
        outputs, state = self.recurrent(self.embedding(symbols), state)
        return self.head(self.project(outputs.flatten(0, 1))), state


def build(config: Config, splits: Splits, device: str) -> Trainer:
    """A Trainer of `char_rnn` for `config` on `splits`."""
    module = CharRNN(config, splits.meta).to(device)
    optimizer = adamw(module.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    streams = Streams(splits.train, config.batch_size, config.window, device)

    def evaluate(module: nn.Module, split: str) -> dict[str, float]:
        part = splits.val if split == "val" else splits.test
        report = text_report(nats_of_each(module, part, splits.meta, device))
        return {name: report[name] for name in ("loss", "nats", "bits", "perplexity")}

    return Trainer(
        module,
        optimizer,
        make_schedule(config, optimizer, streams.steps * config.epochs),
        epochs=config.epochs,
        batches=streams.batches,
        loss=streams.loss,
        evaluate=evaluate,
        device=device,
        autocast=choose_kernels(device).autocast,
        about={"task": "char_rnn", "config": asdict(config)},
        clip=config.clip,
        show=lambda module: {"sample": _sample(module, splits.meta, device)},
    )


def check_data(config: Config, splits: Splits) -> None:
    """Raise ValueError where a reader's stretch of the train part is shorter than a window."""
    if len(splits.train) // config.batch_size < config.window:
        raise ValueError(
            f"{len(splits.train):,} characters of training text are too few for "
            f"batch_size={config.batch_size} x window={config.window}"
        )


def _references(config: Config, splits: Splits, part: Text) -> dict[str, dict[str, Any]]:
    """What counting the characters that follow each other predicts."""
    order = longest_order(splits.meta.symbols)
    before = np.full(order - 2, UNKNOWN, np.int32)  # the part has one of its own
    scored = np.concatenate([before, part.symbols])
    nats = ngram_nats(splits.train.symbols[1:], scored, splits.meta.symbols, order)
    return {f"{order}-gram": text_report(nats)}


def _sample(module: nn.Module, meta: TextMeta, device: str) -> str:
    """What the model writes as it stands; the same draws each time, so that it can be compared."""
    start = int(meta.encode("\n")[0])
    how, same = Sampling(temperature=0.8), torch.Generator().manual_seed(0)
    return "".join(map(meta.decode, sample(module, [start], SHOWN, how, same, device)))


def _points(seen: Seen, module: nn.Module, part: Text, meta: TextMeta) -> Points | None:
    """States of the last layer, with what was read, what came, and what was thought likeliest."""
    if seen.count != len(part):
        return None
    read = "".join(map(meta.decode, part.symbols))
    return Points(
        seen.hidden,
        {
            "read": [repr(read[max(0, row + 1 - CONTEXT) : row + 1])[1:-1] for row in seen.rows],
            "last": [repr(read[row])[1:-1] for row in seen.rows],
            "next": [repr(read[row + 1])[1:-1] for row in seen.rows],
            "thought": [repr(meta.decode(n))[1:-1] for n in seen.outputs.argmax(1).tolist()],
        },
    )


SCORING = Scoring(
    examples="characters",
    meta=TextMeta,
    outputs=nats_of_each,
    report=lambda nats, part, meta, config: text_report(nats),
    each=lambda nats, part, meta, config: {"nats": nats, "loss": nats},
    references=_references,
    ranges={
        "nats": (0.0, math.inf),
        "bits": (0.0, math.inf),
        "perplexity": (1.0, math.inf),
        "loss": (0.0, math.inf),
    },
    inspection=Inspection(
        example=lambda module, meta: torch.zeros((8, 1), dtype=torch.int64), points=_points
    ),
    sample=100_000,
    portable=portable_characters,
)
TASK = Task("char_rnn", Config, CharRNN, build, load_text, scoring=SCORING, check_data=check_data)
