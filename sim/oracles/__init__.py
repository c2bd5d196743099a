"""Processors of others, on which access vectors are run and compared with ours.

=============================  =====================================================
:mod:`sim.oracles.layout`      memory of the guest: what is where
:mod:`sim.oracles.tables`      paging structures: the guest's own, and its place in a vector's
:mod:`sim.oracles.image`       the guest's code and descriptors, ``guest.S``
:mod:`sim.oracles.limits`      vectors that a guest cannot do
:mod:`sim.oracles.marks`       marks in memory, by which it is seen where an access goes
:mod:`sim.oracles.steps`       a vector as steps of the guest
:mod:`sim.oracles.engine`      vectors on a guest
:mod:`sim.oracles.kvm`         the guest on the processor of this machine
:mod:`sim.oracles.qemu`        the guest in QEMU, ``boot.S``
:mod:`sim.oracles.deviations`  where an oracle is known to differ, and who is right
:mod:`sim.oracles.compare`     two outcomes, compared
:mod:`sim.oracles.lines`       results as lines of JSON
:mod:`sim.oracles.generator`   random vectors
:mod:`sim.oracles.campaign`    many vectors, compared
:mod:`sim.oracles.report`      ... for people, and as JSON
=============================  =====================================================
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import kvm, qemu
from .engine import Guest
from .layout import Mode


__all__ = ["ORACLES", "Oracle"]


class Oracle(NamedTuple):
    """A processor of others.

    Attributes
    ----------
    start : callable
        Makes a guest that is at home in a mode.
    version : callable
        Returns what it says of itself.
    keys : :class:`bool`
        Whether random vectors for it have protection keys.
    """

    start:   Callable[[Mode], Guest]
    version: Callable[[], str]
    keys:    bool


#: Oracles by the names that the command line uses.
ORACLES: Mapping[str, Oracle] = {
    "kvm":  Oracle(kvm.Kvm, kvm.version, keys=False),
    "qemu": Oracle(qemu.Qemu, qemu.version, keys=True),
}
