"""Local signals that belong together."""

from amaranth.lib import wiring
from amaranth.lib.wiring import Out


__all__ = ["unpacked"]


def unpacked(name, shapes, *, init=None):
    """Make an object whose attributes are signals of their own: ``verdict.fault`` and others.

    As fields of one packed signal they would be slower to simulate: a write of one is a write of
    them all, and one that depends on another makes the signal depend on itself.

    Parameters
    ----------
    name : :class:`str`
        Prefix of the signals' names.
    shapes : mapping of :class:`str` to shape
        Attributes.
    init : mapping of :class:`str` to initial value
        Initial values other than 0.
    """
    init = init or {}
    return wiring.Signature({
        attribute: Out(shape, init=init.get(attribute)) for attribute, shape in shapes.items()
    }).create(path=(name,))
