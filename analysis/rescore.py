"""Load an exported model in a process of its own and write down what it predicts.

`python -m analysis.rescore BUNDLE INPUTS.npy LOGITS.npy THREADS DEVICE`: the proof that an export
works without the process that trained it. That one ran the user's own code, so it is trusted here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from analysis.bundle import load_bundle
from trainables.parts.classifier import classify


def rescore(bundle: Path, inputs: np.ndarray, threads: int, device: str) -> np.ndarray:
    """Logits of `inputs` by the exported model, computed in a fresh process.

    Raises:
        ChildProcessError: the process failed; its last line is in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, wanted = Path(folder, "inputs.npy"), Path(folder, "logits.npy")
        np.save(given, inputs)
        command = [sys.executable, "-m", "analysis.rescore", str(bundle), str(given), str(wanted)]
        done = subprocess.run(
            [*command, str(threads), device],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise ChildProcessError(f"the exported model does not load in a fresh process: {last}")
        logits: np.ndarray = np.load(wanted)
        return logits


def _main(bundle: str, inputs: str, logits: str, threads: str, device: str) -> None:
    torch.set_num_threads(int(threads))
    loaded = load_bundle(Path(bundle), trust=True)
    np.save(logits, classify(loaded.network, np.load(inputs), loaded.meta, device))


if __name__ == "__main__":
    _main(*sys.argv[1:])
