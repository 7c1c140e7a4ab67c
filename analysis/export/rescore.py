"""Load an exported model in a process of its own, and let it predict.

The proof that an export works without the process that trained it. That one ran the user's own
code, so it is trusted here.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.set_threshold(50_000)  # as in run_search.py: a quarter of a second of importing

import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.export.bundle import load_bundle
from analysis.export.parity import replies


class FreshProcess:
    """A process that has imported what a model needs and waits for one; a context manager.

    Importing takes it two seconds, on a core that is free while Ray ends.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analysis.export.rescore"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> FreshProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @contextmanager
    def rescoring(
        self, bundle: Path, part: Any, threads: int, device: str
    ) -> Iterator[Callable[[], np.ndarray]]:
        """Let the exported model score a part there, beside the caller's own work. Once.

        Args:
            part: of the data; or an array, the raw inputs of an export in whatever format.

        Yields:
            a function that waits for the outputs; it raises ChildProcessError with the process's
            last line where that failed.
        """
        with tempfile.TemporaryDirectory() as folder:
            given, wanted = Path(folder, "part.pickle"), Path(folder, "outputs.npy")
            given.write_bytes(pickle.dumps(part, pickle.HIGHEST_PROTOCOL))
            order = [str(bundle), str(given), str(wanted), threads, device]
            assert self._process.stdin is not None
            with suppress(BrokenPipeError):  # it has died: its last line says why
                self._process.stdin.write(json.dumps(order) + "\n")
                self._process.stdin.flush()

            def outputs() -> np.ndarray:
                _, printed = self._process.communicate()
                if self._process.returncode != 0:
                    last = (printed.strip() or "no message").splitlines()[-1]
                    raise ChildProcessError(
                        f"the exported model does not load in a fresh process: {last}"
                    )
                scored: np.ndarray = np.load(wanted)
                return scored

            yield outputs


def _main() -> None:
    bundle, given, wanted, threads, device = json.loads(sys.stdin.readline())
    torch.set_num_threads(threads)
    loaded = load_bundle(Path(bundle), trust=True)
    part = pickle.loads(Path(given).read_bytes())
    if isinstance(part, np.ndarray):
        outputs = replies(loaded, part)
    else:
        assert loaded.task is not None
        outputs = loaded.task.scoring.outputs(loaded.network, part, loaded.meta, device)
    np.save(wanted, outputs)


if __name__ == "__main__":
    _main()
