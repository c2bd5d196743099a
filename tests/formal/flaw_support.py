"""Flaws that are planted in gateware, to see its proofs fail."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from unittest import mock

from amaranth.hdl import Module, Value
from amaranth.lib import data, wiring

from hw.config import MmuConfig
from sim.proofs.proof import Sentence, Subject, prove


__all__ = ["Flawed", "changed", "from_reset"]


def changed(view: data.View, **fields: Value) -> SimpleNamespace:
    """The fields of a structure, with some of them replaced."""
    return SimpleNamespace(**{
        name: fields.get(name, view[name]) for name, _ in data.Layout.cast(view.shape())})


@contextmanager
def from_reset(module: ModuleType, says: str = "") -> Iterator[None]:
    """The inductions of a ``module`` look at runs from reset only, in which flaws show.

    They are about the sentences that begin as the pattern ``says``: a run may end in an untruth of
    several, and which one is named is otherwise up to the solver.
    """
    def bounded(subject: Subject, sentences: Iterable[Sentence], *, cycles: int,
                depth: int) -> None:
        prove(subject, [one for one in sentences if re.match(says, str(one))], cycles=cycles)

    with mock.patch.object(module, "prove_for_ever", bounded):
        yield


class Flawed(wiring.Component):
    """A component with a flaw between it and its ports.

    Parameters
    ----------
    part : class
        The component's, which is made from a configuration.
    config : :class:`hw.config.MmuConfig`
        The configuration.
    flaw : callable
        Adds the flaw to a module, in which a sound component is connected with ports. It gets the
        module, the ports, and the component.
    """

    def __init__(self, part: type[wiring.Component], config: MmuConfig,
                 flaw: Callable[[Module, wiring.Component, wiring.Component], None]):
        self.config = config
        self._sound, self._flaw = part(config), flaw
        super().__init__(dict(self._sound.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.sound = sound = self._sound
        wiring.connect(m, wiring.flipped(self), sound)
        self._flaw(m, self, sound)
        return m
