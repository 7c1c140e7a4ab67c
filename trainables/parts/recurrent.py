"""The recurrent core that text and series share: PyTorch's RNN, LSTM or GRU, and its state."""

from __future__ import annotations

from torch import Tensor, nn

_CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
State = Tensor | tuple[Tensor, Tensor]  # an LSTM has two: hidden and cell


class Recurrent(nn.Module):
    """`layers` layers of one kind of cell; dropout between them, and before what reads the last.

    Args:
        cell: `rnn`, `lstm` or `gru`.
        inputs: numbers a step.
        dropout: share of numbers dropped in training, in [0, 1).
    """

    def __init__(
        self, cell: str, inputs: int, hidden_size: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0  # PyTorch warns where there is no between
        self.core = _CELLS[cell](inputs, hidden_size, layers, dropout=between)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read [steps, n, inputs] from a state (None: zeros).

        Returns:
            the last layer's outputs [steps, n, hidden_size], and the state after the last step.
        """
        outputs, state = self.core(x, state)
        return self.dropout(outputs), state


def detached(state: State) -> State:
    """The state cut off from the steps that led to it: gradients stop here.

    What makes back-propagation through time a truncated one (R. J. Williams and J. Peng, "An
    Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories",
    1990).
    """
    if isinstance(state, Tensor):
        return state.detach()
    hidden, cell = state
    return hidden.detach(), cell.detach()
