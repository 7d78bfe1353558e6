"""What the kernel knows of its clock, for the seals: whether somebody keeps it right, and by how much it may be off."""

from __future__ import annotations

import ctypes
import sys

_UNKNOWN = "ntp offset unknown"
_TIME_ERROR = 5
_STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("greatest_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_long * 64),
    )


def clock_said() -> str:
    """One line such as `ntp synchronised, error about 0.000120 s, at most 0.031250 s`.

    `ntp offset unknown` where there is no Linux to ask, or it does not answer; asking changes nothing and takes no
    rights, for `modes` is 0.
    """
    if not sys.platform.startswith("linux"):
        return _UNKNOWN
    asked = _Timex()
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(asked))
    except (OSError, AttributeError):
        return _UNKNOWN
    if answer < 0:
        return _UNKNOWN
    if answer == _TIME_ERROR or asked.status & _STA_UNSYNC:
        return "ntp unsynchronised"
    about, most = asked.estimated_error / 1e6, asked.greatest_error / 1e6
    return f"ntp synchronised, error about {about:.6f} s, at most {most:.6f} s"
