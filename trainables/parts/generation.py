"""Writing with a model of characters, one symbol after the other: sampling and beam search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.data.text import UNKNOWN
from trainables.parts.recurrent import State

Symbols = list[int]
Network = Callable[[Tensor, State | None], tuple[Tensor, State]]


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is drawn.

    Attributes:
        temperature: divides the logits; 0: always the most probable symbol.
        top_k: only among the K most probable symbols; 0: among all.
        top_p: only among the most probable that together reach this probability (nucleus
            sampling: A. Holtzman et al., arXiv 1904.09751).

    Raises:
        ValueError: names the field, its value and what it may be.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature {self.temperature:g}: must be 0 or more")
        if self.top_k < 0:
            raise ValueError(f"top-k {self.top_k}: must be 0 (all) or more")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top-p {self.top_p:g}: must be above 0, and 1 at most")


def sample(
    network: Network,
    prompt: Symbols,
    length: int,
    how: Sampling,
    generator: torch.Generator,
    device: str = "cpu",
) -> Iterator[int]:
    """`length` symbols that go on from a prompt of one or more; never the unknown symbol.

    Args:
        network: in evaluation mode; [steps, n] and a state -> logits, and the state after.
        generator: the same seed draws the same symbols.
        device: that the network is on.
    """
    logits, state = _read(network, torch.tensor(prompt, device=device)[:, None], None)
    for _ in range(length):
        chosen = int(_draw(logits[0], how, generator))
        yield chosen
        logits, state = _read(network, torch.tensor([[chosen]], device=device), state)


def beam_search(network: Network, prompt: Symbols, length: int, width: int) -> Symbols:
    """The most probable continuation that a beam of `width` finds; no chance in it."""
    logits, state = _read(network, torch.tensor(prompt)[:, None], None)
    scores = torch.zeros(1)  # log-probability of each beam
    written = torch.zeros((1, 0), dtype=torch.int64)  # [beams, symbols]
    for _ in range(length):
        ahead = scores[:, None] + logits.log_softmax(1)
        symbols = ahead.shape[1]
        scores, best = ahead.flatten().topk(min(width, (symbols - 1) * len(scores)))
        origin, chosen = best // symbols, best % symbols
        written = torch.cat([written[origin], chosen[:, None]], 1)
        logits, state = _read(network, chosen[None], _picked(state, origin))
    best_written: Symbols = written[int(scores.argmax())].tolist()
    return best_written


@torch.inference_mode()
def _read(network: Network, symbols: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The logits of what comes after [steps, n] symbols, [n, symbols], and the state there."""
    logits, state = network(symbols, state)
    last: Tensor = logits.view(*symbols.shape, -1)[-1].float().cpu()
    last[:, UNKNOWN] = -torch.inf
    return last, state


def _draw(logits: Tensor, how: Sampling, generator: torch.Generator) -> Tensor:
    if how.temperature == 0:
        return logits.argmax()
    # In float64, from the largest down: so no temperature but 0 is too small or too large.
    away = (logits.double() - logits.max()) / how.temperature
    logits, order = away.sort(descending=True, stable=True)
    if how.top_k:
        logits, order = logits[: how.top_k], order[: how.top_k]
    shares = logits.softmax(0)
    before = shares.cumsum(0) - shares  # the first symbol always stays
    shares = shares.where(before < how.top_p, 0.0)
    return order[torch.multinomial(shares, 1, generator=generator)]


def _picked(state: State, beams: Tensor) -> State:
    if isinstance(state, Tensor):
        return state[:, beams]
    return state[0][:, beams], state[1][:, beams]
