"""A process a core for decoding and drawing: small pictures cost time under Python's lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import joblib
from joblib.externals.loky import get_reusable_executor


@contextmanager
def process_pool(worthwhile: bool) -> Iterator[joblib.Parallel]:
    """A `joblib.Parallel` over processes, or in this process where starting them would not pay.

    The processes are gone at the end; joblib alone would keep them idle, with their memory.
    """
    try:
        with joblib.Parallel(n_jobs=-1 if worthwhile else 1) as parallel:
            yield parallel
    finally:
        if worthwhile:
            get_reusable_executor().shutdown(wait=True)
