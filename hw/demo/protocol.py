"""Codes of the serial link: operations of requests, and kinds of responses.

Ref: docs/serial-link.md.
"""

from amaranth import *
from amaranth.lib import enum, stream


__all__ = ["Opcode", "ResponseKind", "ResponseSignature"]


class Opcode(enum.Enum, shape=unsigned(8)):
    """First byte of an operation. CONTINUE (2) is none: the link tells it by its number alone."""

    CONNECT  = 1  #: Begins anew; a request of its own, to the link.
    COUNTERS = 3
    MARK     = 4
    CYCLE    = 5
    CONTROL  = 6
    ACCESS   = 7


class ResponseKind(enum.Enum, shape=unsigned(8)):
    """Kind of a response."""

    GREETING = 1
    ROWS     = 2
    MORE     = 3  #: The request is not done: the response is full.
    COUNTERS = 4
    NONSENSE = 5  #: Rows, up to an operation that there is not.
    MISSING  = 6  #: No response: the next request has come but for some segments.


#: A stream of responses, by their kinds.
ResponseSignature = stream.Signature(ResponseKind, payload_init=ResponseKind.ROWS)
