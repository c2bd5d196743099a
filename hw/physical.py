"""Width of physical addresses.

Ref: Intel SDM Vol. 3A, section 4.1.4 "Enumeration of Paging Features by CPUID", MAXPHYADDR.
"""

from amaranth import *
from amaranth.lib.wiring import In


__all__ = ["exceeds", "width_members", "width_of"]


def width_members(config):
    """Members of a component that must know the width: a port, if ``config`` makes it variable."""
    return {"maxphyaddr": In(range(config.maxphyaddr + 1))} if config.variable_maxphyaddr else {}


def width_of(component):
    """The width that ``component`` works with: the number of its ``config``, or its port."""
    config = component.config
    return component.maxphyaddr if config.variable_maxphyaddr else config.maxphyaddr


def exceeds(address, maxphyaddr):
    """True if a bit of ``address`` is set that physical addresses of this width lack."""
    if isinstance(maxphyaddr, int):
        return address[maxphyaddr:].any()
    return (address >> maxphyaddr).any()
