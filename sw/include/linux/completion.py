"""Something that another processor will have done.

Ref: Linux 6.12, include/linux/completion.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .wait import wait_queue_head_t


__all__ = ["completion"]


@dataclass(eq=False, slots=True)
class completion:
    """Something that will be done.

    Attributes
    ----------
    done : :class:`bool`
        It is.
    wait : :class:`wait_queue_head_t`
        Processors that wait for it.
    result : :class:`object`
        Its result.
    error : :class:`Exception` or :class:`None`
        Exception that ended it instead.
    """

    done:   bool              = False
    wait:   wait_queue_head_t = field(default_factory=wait_queue_head_t)
    result: Any               = None
    error:  Exception | None  = None
