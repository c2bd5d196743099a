"""Description of a board."""

from collections.abc import Callable
from dataclasses import dataclass

from hw.demo.ram import BlockRam


__all__ = ["Board", "Built", "Pad"]


@dataclass(frozen=True)
class Pad:
    """A pin, or pins, of the board's platform.

    Attributes
    ----------
    resource, number : :class:`str`, :class:`int`
        The platform's name for it.
    part : :class:`str`
        Which of its signals, if it has several.
    label : :class:`str`
        How somebody finds it on the board.
    """

    resource: str
    number:   int
    part:     str = ""
    label:    str = ""


@dataclass(frozen=True, kw_only=True)
class Built:
    """Result of a build of the board's bitstream, with the tools that ``tools`` names.

    Attributes
    ----------
    date, tools : :class:`str`
        When, and with what.
    fmax_hz : :class:`int`
        How fast the clock might be.
    used : mapping of :class:`str` to :class:`tuple`
        How many of the FPGA's parts of a kind are used, and how many there are.
    size : :class:`int`
        Bytes of the bitstream.
    seconds : :class:`int`
        How long it took.
    """

    date:    str
    tools:   str
    fmax_hz: int
    used:    dict[str, tuple[int, int]]
    size:    int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board, and the demonstration system on it.

    Attributes
    ----------
    name, title : :class:`str`
        What commands call it, and what its maker does.
    fpga : :class:`str`
        What is on it.
    platform : callable
        Makes the :class:`amaranth.build.Platform`. It may import ``amaranth_boards``, which is not
        needed to know about the board.
    preset : :class:`str`
        The unit, in :data:`hw.presets.PRESETS`.
    ram, ram_kib : class, :class:`int`
        The kind of :class:`hw.demo.ram.Ram`, and its size in KiB.
    clock_hz : :class:`int`
        Cycles in a second. If the platform's clock has another frequency, a PLL makes this one.
    uart : :class:`Pad`
        The line, with signals ``rx`` and ``tx``.
    fault, bypass, wp, busy : :class:`Pad` or :class:`None`
        Lights, see :class:`hw.demo.system.System`.
    button : :class:`Pad` or :class:`None`
        Inverts CR0.WP.
    overrides : mapping of :class:`str` to :class:`str`
        Options of the tools, as :meth:`amaranth.build.Platform.build` takes them.
    seed : :class:`int`
        What place and route draws its random numbers from.
    loader : sequence of :class:`str`
        Options by which ``openFPGALoader`` brings the bitstream there.
    port : :class:`str`
        The device that the line most likely is, on Linux.
    built : :class:`Built` or :class:`None`
        What came out when it was built.
    tested : :class:`str`
        What was tried on such a board, by whom.
    """

    name:      str
    title:     str
    fpga:      str
    platform:  Callable
    preset:    str
    ram:       type = BlockRam
    ram_kib:   int
    clock_hz:  int
    uart:      Pad
    fault:     Pad | None
    bypass:    Pad | None
    wp:        Pad | None = None
    busy:      Pad | None = None
    button:    Pad | None = None
    overrides: dict[str, str]
    seed:      int = 1
    loader:    tuple[str, ...]
    port:      str
    built:     Built | None = None
    tested:    str = "by nobody yet"
