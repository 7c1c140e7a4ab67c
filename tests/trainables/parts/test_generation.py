"""Writing: reproducible, greedy at temperature 0, within top-k and top-p, and a beam's search."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from trainables.char_rnn import CharRNN, Config
from trainables.data.text import UNKNOWN, TextMeta
from trainables.parts.fields import CELLS
from trainables.parts.generation import Sampling, beam_search, sample


class Chain(nn.Module):
    """A Markov chain: the next symbol's probabilities by the last one."""

    def __init__(self, shares: list[list[float]]) -> None:
        super().__init__()
        self.shares = nn.Parameter(torch.tensor(shares))

    def forward(self, symbols, state=None):
        return self.shares[symbols.flatten()].log(), torch.zeros(1, symbols.shape[1], 1)


CHAIN = Chain(
    [[0.4, 0.3, 0.2, 0.1], [0.7, 0.15, 0.1, 0.05], [0.1, 0.5, 0.3, 0.1], [0.1, 0.2, 0.3, 0.4]]
)


def drawn(how: Sampling, count: int = 3_000, seed: int = 1) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return [next(sample(CHAIN, [2], 1, how, generator)) for _ in range(count)]


def test_symbols_are_drawn_by_their_probability_and_never_the_unknown_one():
    symbols = drawn(Sampling(temperature=1.0))
    assert UNKNOWN not in symbols
    for symbol, share in ((1, 5 / 9), (2, 3 / 9), (3, 1 / 9)):
        assert symbols.count(symbol) / len(symbols) == pytest.approx(share, abs=0.03)


def test_temperature_sharpens():
    symbols = drawn(Sampling(temperature=0.5))
    shares = [share**2 for share in (0.5, 0.3, 0.1)]
    assert symbols.count(1) / len(symbols) == pytest.approx(shares[0] / sum(shares), abs=0.03)
    assert set(drawn(Sampling(temperature=0.0), 20)) == {1}


@pytest.mark.parametrize("temperature", [1e-40, 1e-300, 1e39, 1e300])
def test_no_temperature_is_too_small_or_too_large(temperature):
    symbols = set(drawn(Sampling(temperature), 40))
    assert symbols == {1} if temperature < 1 else symbols == {1, 2, 3}


def test_top_k_and_top_p_leave_only_the_likeliest():
    assert set(drawn(Sampling(1.0, top_k=2))) == {1, 2}
    assert set(drawn(Sampling(1.0, top_k=1), 20)) == {1}
    assert set(drawn(Sampling(1.0, top_p=0.5))) == {1}
    assert set(drawn(Sampling(1.0, top_p=0.6))) == {1, 2}
    assert set(drawn(Sampling(1.0, top_p=1e-9), 20)) == {1}
    assert set(drawn(Sampling(1.0, top_p=1.0))) == {1, 2, 3}


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_seed_writes_the_same_and_another_another(cell):
    torch.manual_seed(0)
    network = CharRNN(Config(cell=cell, hidden_size=8, layers=2), TextMeta(tuple("abcdef"))).eval()

    def written(seed):
        generator = torch.Generator().manual_seed(seed)
        return list(sample(network, [1, 2], 60, Sampling(1.0), generator))

    assert written(3) == written(3) != written(4)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_written_is_read_on_with_its_state(cell):
    torch.manual_seed(0)
    network = CharRNN(Config(cell=cell, hidden_size=8, layers=2), TextMeta(tuple("abcdef"))).eval()
    greedy = Sampling(0.0)
    whole = list(sample(network, [1], 12, greedy, torch.Generator()))
    rest = list(sample(network, [1, *whole[:5]], 7, greedy, torch.Generator()))
    assert whole[5:] == rest


@pytest.mark.parametrize("cell", CELLS)
def test_a_wide_enough_beam_finds_the_likeliest_text(cell):
    torch.manual_seed(1)
    meta = TextMeta(tuple("abc"))
    network = CharRNN(Config(cell=cell, hidden_size=8), meta).eval()
    nn.init.normal_(network.head.weight, std=2.0)

    def nats(text):
        with torch.no_grad():
            logits, _ = network(torch.tensor([1, *text[:-1]])[:, None])
        logits[:, UNKNOWN] = -math.inf
        return -float(logits.log_softmax(1)[range(len(text)), list(text)].sum())

    best = min(itertools.product((1, 2, 3), repeat=4), key=nats)
    assert beam_search(network, [1], 4, width=27) == list(best)
    greedy = list(sample(network, [1], 4, Sampling(0.0), torch.Generator()))
    assert beam_search(network, [1], 4, width=1) == greedy


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"temperature": -0.1}, "temperature -0.1: must be 0 or more"),
        ({"temperature": math.nan}, "temperature nan"),
        ({"temperature": math.inf}, "temperature inf"),
        ({"top_k": -1}, "top-k -1: must be 0"),
        ({"top_p": 0.0}, "top-p 0: must be above 0"),
        ({"top_p": 1.1}, "top-p 1.1"),
        ({"top_p": math.nan}, "top-p nan"),
    ],
)
def test_settings_out_of_range_are_refused(how, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**how)
