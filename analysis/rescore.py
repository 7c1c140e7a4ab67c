"""Load an exported model in a process of its own and write down what it predicts.

`python -m analysis.rescore BUNDLE INPUTS.npy LOGITS.npy THREADS DEVICE`: the proof that an export
works without the process that trained it. That one ran the user's own code, so it is trusted here.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from analysis.bundle import load_bundle
from trainables.parts.classifier import classify


@contextmanager
def rescoring(
    bundle: Path, inputs: np.ndarray, threads: int, device: str
) -> Iterator[Callable[[], np.ndarray]]:
    """Let the exported model score `inputs` in a fresh process, beside the caller's own work.

    Yields:
        a function that waits for the logits; it raises ChildProcessError with the process's last
        line where that failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, wanted = Path(folder, "inputs.npy"), Path(folder, "logits.npy")
        np.save(given, inputs)
        command = [sys.executable, "-m", "analysis.rescore", str(bundle), str(given), str(wanted)]
        process = subprocess.Popen(
            [*command, str(threads), device],
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

        def logits() -> np.ndarray:
            _, printed = process.communicate()
            if process.returncode != 0:
                last = (printed.strip() or "no message").splitlines()[-1]
                raise ChildProcessError(
                    f"the exported model does not load in a fresh process: {last}"
                )
            scored: np.ndarray = np.load(wanted)
            return scored

        try:
            yield logits
        finally:
            process.kill()
            process.wait()


def _main(bundle: str, inputs: str, logits: str, threads: str, device: str) -> None:
    torch.set_num_threads(int(threads))
    loaded = load_bundle(Path(bundle), trust=True)
    np.save(logits, classify(loaded.network, np.load(inputs), loaded.meta, device))


if __name__ == "__main__":
    _main(*sys.argv[1:])
