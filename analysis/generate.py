"""Write text with an exported model of characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from analysis.export.bundle import Bundle, load_bundle
from trainables.data.text import UNKNOWN, TextMeta
from trainables.errors import BadInput
from trainables.parts.generation import Network, Sampling, beam_search, sample
from trainables.parts.recurrent import State


@dataclass(frozen=True)
class Order:
    """What shall be written.

    Attributes:
        prompt: what the text goes on from; empty: the start of a line.
        length: characters, 1 or more.
        sampling: how each is drawn, or None for a beam search.
        beam: its width, 1 or more; 1 is greedy.
        seed: the same writes the same text; >= 0.

    Raises:
        BadInput: names the option and its value.
    """

    prompt: str
    length: int
    sampling: Sampling | None
    beam: int
    seed: int

    def __post_init__(self) -> None:
        for option, value, least in (
            ("--length", self.length, 1),
            ("--beam", self.beam, 1),
            ("--seed", self.seed, 0),
        ):
            if not least <= value < 2**63:
                raise BadInput(f"{option} {value}: must be a whole number of {least} or more")


def sampling_of(
    temperature: float | None, top_k: int | None, top_p: float | None, beam: int | None
) -> Sampling | None:
    """What options say of drawing; None where a beam search is asked for.

    Raises:
        BadInput: a value out of its range, or a beam together with an option of drawing.
    """
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    given: dict[str, Any] = {n: value for n, value in options.items() if value is not None}
    if beam is not None and given:
        name = next(iter(given)).replace("_", "-")
        raise BadInput(f"--beam {beam}: draws nothing, so --{name} has no meaning with it")
    try:
        return Sampling(**given) if beam is None else None
    except ValueError as error:
        raise BadInput(f"--{error}") from None


def generate(bundle: Path, order: Order, *, trust: bool = False) -> tuple[str, Iterator[str]]:
    """Load the model and begin.

    Returns:
        the characters of the prompt that the model does not know, each once, and the text as it
        is written; a beam search's comes all at once.

    Raises:
        BadInput: no exported model there, none of characters, one whose code is not trusted.
    """
    loaded = load_bundle(bundle, trust=trust, of=TextMeta, command="generate")
    meta: TextMeta = loaded.meta
    prompt = meta.encode(order.prompt or "\n").tolist()
    pairs = zip(order.prompt, prompt, strict=False)
    unknown = "".join(dict.fromkeys(c for c, number in pairs if number == UNKNOWN))
    network = _network(loaded)
    torch.set_num_threads(1)  # the same seed, the same text, on any number of cores
    if order.sampling is None:
        written = iter(beam_search(network, prompt, order.length, order.beam))
    else:
        seed = torch.Generator().manual_seed(order.seed)
        written = sample(network, prompt, order.length, order.sampling, seed)
    return unknown, map(meta.decode, written)


def _network(loaded: Bundle) -> Network:
    """An exported model of characters, called as the network that it was made of."""

    def network(symbols: Tensor, state: State | None) -> tuple[Tensor, State]:
        count = symbols.shape[1]
        if state is None:
            before = [port.zeros(batch=count) for port in loaded.inputs[1:]]
        else:
            before = [t.numpy() for t in ((state,) if isinstance(state, Tensor) else state)]
        logits, *after = map(torch.from_numpy, loaded.run(symbols.T.contiguous().numpy(), *before))
        state = after[0] if len(after) == 1 else (after[0], after[1])
        return logits.transpose(0, 1).flatten(0, 1), state

    return network
