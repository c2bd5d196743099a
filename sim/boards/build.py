"""Build of a board's bitstream: elaboration, synthesis, place and route, packing."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hw.boards.board import Board
from hw.boards.top import Top
from sim.output.files import FileTrouble, new_folder, written
from sim.toolchain.process import ProgramFailed, run

from .nextpnr import NextpnrReport, overfull, parse, shortcomings
from .tools import find_tool, platform_of


__all__ = ["STEPS", "SUFFIXES", "BuildFailed", "BuildResult", "build"]


#: Endings of the names of bitstreams.
SUFFIXES = (".bit", ".bin")

#: Steps, in this order.
STEPS = ELABORATION, SYNTHESIS, PLACE_AND_ROUTE, PACKING = (
    "elaboration", "synthesis", "place and route", "packing")

#: The file in which place and route reports.
REPORT = "timing.json"

#: Called several times a second with the step.
Announce = Callable[[str], None]


class BuildFailed(Exception):
    """A step has failed. The message says which, why, and where its log is."""


@dataclass(frozen=True)
class BuildResult:
    """Result of a build.

    Attributes
    ----------
    report : :class:`.nextpnr.NextpnrReport`
        Report of place and route.
    shortcomings : sequence of :class:`str`
        Reasons why there is no bitstream; empty if there is one.
    unwritten : :class:`str`
        Reason why bitstream and log cannot be written; empty if they are.
    bitstream : :class:`pathlib.Path` or :class:`None`
        The bitstream.
    log : :class:`pathlib.Path`
        Output of the programs.
    seconds : mapping of :class:`str` to :class:`float`
        Duration of each step.
    """

    report:       NextpnrReport
    shortcomings: Sequence[str]
    unwritten:    str
    bitstream:    Path | None
    log:          Path
    seconds:      Mapping[str, float]


def build(board: Board, folder: Path, *, seed: int, announce: Announce) -> BuildResult:
    """Build ``board`` into ``folder``: a bitstream, unless timing is not met, and a log.

    The files appear when all is done, or a step has failed, and replace those of an earlier build;
    an interrupted build leaves these as they were.

    Parameters
    ----------
    board : :class:`hw.boards.board.Board`
        Board to build for.
    folder : :class:`pathlib.Path`
        Folder of the results; it need not exist.
    seed : :class:`int`
        Seed of place and route.
    announce : callable
        Called several times a second with the step.

    Raises
    ------
    :class:`BuildFailed`
        A program has failed.
    :class:`sim.errors.Unavailable`
        A program or a package is not installed.
    :class:`sim.output.files.FileTrouble`, :class:`OSError`
        The folder cannot be written to.
    """
    with new_folder(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as name:
        return _Build(board, Path(name), folder, announce).outcome(seed)


class _Build:
    """Build in a folder of its own, from which the results are moved."""

    def __init__(self, board: Board, work: Path, folder: Path, announce: Announce):
        self._board    = board
        self._work     = work
        self._folder   = folder
        self._announce = announce
        self._log      = f"{board.name}.log"
        self._seconds: dict[str, float] = {}

    def outcome(self, seed: int) -> BuildResult:
        """Do all steps, and publish their results."""
        commands = self._elaborate(seed)
        try:
            report, reasons, made = self._made(commands)
        except BuildFailed as failure:
            if unwritten := self._publish(self._log):
                raise BuildFailed(f"{failure} ({unwritten})") from failure
            raise BuildFailed(f"{failure} (see {self._folder / self._log})") from failure
        unwritten = self._publish(self._log, *filter(None, [made]))
        return BuildResult(report, reasons, unwritten,
                           self._folder / made if made and not unwritten else None,
                           self._folder / self._log, self._seconds)

    def _made(
        self, commands: Sequence[tuple[str, Sequence[str]]],
    ) -> tuple[NextpnrReport, Sequence[str], str | None]:
        """Run the commands; return the report, its shortcomings, and the bitstream's name."""
        for step, command in commands:
            if step != PACKING:
                self._run(step, command)
        report  = self._report()
        reasons = shortcomings(report, self._board.clock_hz)
        if reasons:
            return report, reasons, None
        for step, command in commands:
            if step == PACKING:
                self._run(step, command)
        return report, reasons, self._product()

    def _elaborate(self, seed: int) -> list[tuple[str, list[str]]]:
        """Write the input of the programs; return the steps and their commands."""
        with self._timed(ELABORATION):
            self._announce(ELABORATION)
            platform  = platform_of(self._board)
            overrides = dict(self._board.overrides)
            # We judge the timing ourselves, since nextpnr would end without a report.
            overrides["nextpnr_opts"] = " ".join((
                overrides.get("nextpnr_opts", ""),
                f"--seed {seed} --report {REPORT} --timing-allow-fail"))
            try:
                plan = platform.prepare(Top(self._board), self._board.name, verbose=True,
                                        **overrides)
            except ValueError as error:
                raise BuildFailed(f"{ELABORATION} failed: {error}") from error
            plan.extract(self._work)
        commands = json.loads(plan.files[f"build_{self._board.name}.json"])["commands"]
        return [(_step(program), [find_tool(program), *options]) for program, *options in commands]

    def _run(self, step: str, command: Sequence[str]) -> None:
        with self._timed(step):
            try:
                run(command, log=self._work / self._log,
                    waiting=lambda: self._announce(step))
            except ProgramFailed as error:
                raise BuildFailed(f"{step} failed: {_reason(error.output)}") from error

    def _report(self) -> NextpnrReport:
        try:
            return parse((self._work / REPORT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BuildFailed(
                f"{PLACE_AND_ROUTE} failed: its report makes no sense: {error}") from error

    def _product(self) -> str:
        """The name of the bitstream."""
        for suffix in SUFFIXES:
            if (self._work / f"{self._board.name}{suffix}").exists():
                return f"{self._board.name}{suffix}"
        raise BuildFailed(f"{PACKING} failed: it left no bitstream")

    def _publish(self, *names: str) -> str:
        """Move files to the folder, all at once; return the reason if that fails.

        Another bitstream, of an earlier build, is deleted.
        """
        former = [self._folder / name for suffix in SUFFIXES
                  if (name := f"{self._board.name}{suffix}") not in names]
        try:
            with written(*(self._folder / name for name in names), instead=former) as files:
                for name, file in zip(names, files, strict=True):
                    file.buffer.write((self._work / name).read_bytes())
        except FileTrouble as trouble:
            return str(trouble)
        return ""

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._seconds[step] = self._seconds.get(step, 0) + time.monotonic() - begun


def _step(program: str) -> str:
    """The step that a program of Amaranth's build plans belongs to."""
    if program == "yosys":
        return SYNTHESIS
    return PLACE_AND_ROUTE if program.startswith("nextpnr-") else PACKING


def _reason(output: str) -> str:
    """The reason why a program failed, from its output."""
    if full := overfull(output):
        return f"the design does not fit: {', '.join(full)}"
    lines  = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["without a message"])[-1]
