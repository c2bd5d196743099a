"""Boards and builds as tables, and as JSON."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from hw.boards.board import Board, Built
from hw.demo.system import BAUD
from sim.output.text import table

from .build import BuildResult
from .nextpnr import KINDS


__all__ = ["boards_as_json", "boards_as_text", "build_as_json", "build_as_text",
           "built_as_text"]


SCHEMA = 1

#: The kind of an FPGA's parts that is scarce.
LOGIC = ("ICESTORM_LC", "TRELLIS_COMB")


def boards_as_text(boards: Sequence[Board]) -> str:
    """Return tables of the boards, and of all that is known about them."""
    parts = [
        table([("board", "FPGA", "preset", "RAM", "clock", "port on Linux"), *(
            (board.name, board.fpga, board.preset, f"{board.ram_kib} KiB", _mhz(board.clock_hz),
             board.port) for board in boards)]),
        table([("lights", "fault", "bypass", "WP", "busy", "WP button"), *(
            (board.name, *(pad.label if pad else "-" for pad in (
                board.fault, board.bypass, board.wp, board.busy, board.button)))
            for board in boards)]),
        built_as_text(boards),
        table([("tested", "how"), *((board.name, board.tested) for board in boards)]),
    ]
    return "\n".join(parts)


def built_as_text(boards: Sequence[Board]) -> str:
    """Return the table of builds that were made of the boards."""
    return table([("built", "on", "clock up to", "logic", "bitstream", "took"), *(
        (board.name, *_built(board.built)) for board in boards)])


def _built(built: Built | None) -> Sequence[str]:
    if built is None:
        return ("never", "-", "-", "-", "-")
    kind = next(kind for kind in LOGIC if kind in built.used)
    used, available = built.used[kind]
    return (built.date, _mhz(built.fmax_hz), f"{used:,} of {available:,}", f"{built.size:,} bytes",
            _duration(built.seconds))


def boards_as_json(boards: Sequence[Board]) -> str:
    """Return the same as JSON."""
    return json.dumps({"schema": SCHEMA, "boards": [_board(board) for board in boards]},
                      indent=2) + "\n"


def _board(board: Board) -> dict[str, Any]:
    built = board.built
    return {
        "name": board.name, "title": board.title, "fpga": board.fpga, "preset": board.preset,
        "ram_kib": board.ram_kib, "clock_hz": board.clock_hz, "baud": BAUD, "port": board.port,
        "pads": {role: pad.label if (pad := getattr(board, role)) else None
                 for role in ("uart", "fault", "bypass", "wp", "busy", "button")},
        "built": None if built is None else {
            "date": built.date, "tools": built.tools, "fmax_hz": built.fmax_hz,
            "used": built.used, "size": built.size, "seconds": built.seconds},
        "tested": board.tested,
    }


def build_as_text(board: Board, result: BuildResult) -> str:
    """Return the result of a build: steps, utilisation, timing, and the verdict."""
    report = result.report
    steps  = [(step, f"{seconds:.0f}") for step, seconds in result.seconds.items()]
    parts  = [(kind, KINDS.get(kind, ""), f"{used:,}", f"{available:,}",
               f"{100 * used / available:.0f}")
              for kind, (used, available) in sorted(report.used.items())]
    clocks = [(clock.name, _mhz(clock.achieved_hz), _mhz(clock.required_hz),
               "ok" if clock.met else "TOO SLOW") for clock in report.clocks]
    return "\n".join((
        f"{board.title}, {board.fpga}: preset {board.preset}, {board.ram_kib} KiB of RAM\n",
        table([("step", "seconds"), *steps]),
        table([("part", "", "used", "of", "%"), *parts]),
        table([("clock", "reaches", "needs", ""), *clocks]),
        _verdict(board, result)))


def _verdict(board: Board, result: BuildResult) -> str:
    """The last lines of a build's report."""
    if result.unwritten:
        lines = [f"FAILED: {result.unwritten}"]
    elif result.bitstream is None:
        lines = [*(f"FAILED: {reason}" for reason in result.shortcomings),
                 "no bitstream; try another --seed", f"log: {result.log}"]
    else:
        lines = [f"ok: {result.bitstream}, {result.bitstream.stat().st_size:,} bytes, "
                 f"in {_duration(sum(result.seconds.values()))}",
                 f"log: {result.log}"]
    return "\n".join(lines) + "\n"


def build_as_json(board: Board, result: BuildResult) -> str:
    """Return the same as JSON. Keys that a board's ``built`` has too have the same names."""
    return json.dumps({
        "schema": SCHEMA, "board": board.name, "preset": board.preset,
        "bitstream": None if result.bitstream is None else str(result.bitstream),
        "size": None if result.bitstream is None else result.bitstream.stat().st_size,
        "date": date.today().isoformat(),
        "fmax_hz": min((round(clock.achieved_hz) for clock in result.report.clocks), default=None),
        "clocks": [{"name": clock.name, "achieved_hz": round(clock.achieved_hz),
                    "required_hz": round(clock.required_hz), "met": clock.met}
                   for clock in result.report.clocks],
        "used": result.report.used, "shortcomings": result.shortcomings,
        "seconds": {step: round(seconds, 1) for step, seconds in result.seconds.items()},
        "log": str(result.log),
    }, indent=2) + "\n"


def _mhz(hz: float) -> str:
    return f"{hz / 1e6:.2f} MHz"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
