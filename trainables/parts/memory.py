"""Keeping memory that training frees, for the next step frees and asks for the same again."""

from __future__ import annotations

import ctypes
import sys

# mallopt(3)'s numbers, from malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Let glibc hold on to freed memory instead of giving it back to the system.

    Every step allocates the same activations. Given back each time, they come again as pages that
    the system must zero one by one, a tenth of a small network's time. The process keeps its
    peak. Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)  # glibc takes no more
        mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
        mallopt(_M_TOP_PAD, 64 << 20)
