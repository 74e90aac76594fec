"""What both pools say of a record: its states, the reasons for mail, where arguments lie."""

from __future__ import annotations

import ctypes

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, RETRYING = range(6)


class Span(ctypes.Structure):
    """struct cz_span: where one argument of a batch lies; strides in bytes."""

    _fields_ = (
        ("base", ctypes.c_void_p),
        ("outer_stride", ctypes.c_int64),
        ("inner_stride", ctypes.c_int64),
    )


# catzilla_jit.h: why a record is in the mailbox.
MAIL_ENDED, MAIL_FAILED, MAIL_STOP = 1, 2, 4
