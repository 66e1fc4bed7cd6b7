"""Memory that is used again instead of given back: the columns of a large book come and go by the hundred megabytes.

By default the C library asks the system for every large block and gives it back at once; each new page of the next one
has to be found and cleared. On a virtual machine that took two seconds for each gigabyte, more than all the counting.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_MMAP_MAX: Final = -4
"""Source: mallopt(3)."""
_LARGEST: Final = 1 << 30


def keep_memory() -> None:
    """Have this process keep what it frees, from now on; where the C library is not GNU's, nothing happens."""
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    if not mallopt(_M_MMAP_THRESHOLD, _LARGEST):  # older ones refuse a threshold of this size
        mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _LARGEST * 2 - 1)
