"""The host: starts a simulator that calls a function, and listens to it.

The simulator is a process of its own, in a session of its own, so that nothing but this end of
their connection tells it what happens at the terminal. It notices within some hundred cycles when
this end is closed.
"""

import os
import pickle
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from signal import SIGKILL
from typing import IO, Any

from sim.engines.testbench import Testbench
from sim.errors import Unavailable
from sim.toolchain.cache import cache
from sim.toolchain.compiler import Compiler
from sim.toolchain.simulators import SIMULATORS, Simulator
from sim.toolchain.yosys import installed, translate
from sim.verilog.convert import SCRIPT

from . import top
from .engine import CocotbEngine


__all__ = ["CHANNEL", "call"]


WHO = "the engine cocotb"

#: Environment variable with the number of the connection's other end.
CHANNEL = "DRAGONCAGE_CHANNEL"

#: Without it Verilog means seconds by a delay of one.
TIMESCALE = "`timescale 1ns / 1ns\n"

#: Seconds that a simulator is given to come to an end.
PATIENCE = 5.0


def call(engine: CocotbEngine, function: Callable[..., Any], arguments: Mapping[str, Any],
         hear: Mapping[str, Callable[..., None]]) -> Any:
    """Return what ``function(**arguments)`` returns in the simulator of an ``engine``.

    There an engine with the same parameters can run. Function, arguments and what it returns are
    pickled. It gets, besides, the names in ``hear`` as arguments: functions that have those of
    ``hear`` called here.

    Raises :class:`sim.errors.Unavailable` if something is missing, or the simulator comes to an
    end without a word, and what the function raises.
    """
    tool  = SIMULATORS[engine.simulator](top.TOP, who=WHO)
    # An assertion says the same as without pytest.
    environment = tool.environment("dragoncage.simulator") | {
        "COCOTB_REWRITE_ASSERTION_FILES": ""}
    yosys = installed(who=WHO)
    built = _built(tool, engine.testbench(), yosys)
    task  = pickle.dumps((function, dict(arguments), tuple(hear)))
    with _running(tool.command(built), environment) as (connection, log):
        try:
            with _heard():
                connection.send_bytes(task)
            return _listen(connection, hear)
        except _Silence as silence:
            raise Unavailable(f"{WHO}: the simulator came to an end: {_last(log)}") from silence


class _Silence(Exception):
    """The simulator has nothing more to say."""


def _built(tool: Simulator, bench: Testbench, yosys: str) -> Path:
    """The design, built: out of the cache, if the version of ``yosys`` made it there."""
    text = top.text(bench)

    def write(compiling: Compiler) -> Path:
        source, translated = compiling.folder / "machine.v", compiling.folder / "translated.v"
        compiling.write("machine.il", text)
        translate(f"read_rtlil machine.il{SCRIPT} {translated.name}\n", compiling)
        compiling.write(source.name, TIMESCALE + translated.read_text(encoding="utf-8"))
        return source

    return tool.kept(write, ("in_*", "clk", "probe", "view"), text, SCRIPT, TIMESCALE, yosys)


@contextmanager
def _running(
    command: list[str], environment: dict[str, str],
) -> Iterator[tuple[Connection, IO[str]]]:
    """A simulator, for the body of the ``with`` statement: a connection to it, and its log."""
    ours, theirs = Pipe()
    with (tempfile.TemporaryDirectory() as folder,
          (Path(folder) / "log").open("w+", encoding="utf-8", errors="replace") as log, ours):
        with theirs:
            environment |= {CHANNEL: str(theirs.fileno()),
                            "COCOTB_RESULTS_FILE": f"{folder}/results.xml"}
            process = _started(command, environment, theirs.fileno(), log)
        try:
            yield ours, log
        finally:
            ours.close()
            _end(process)


def _started(command: list[str], environment: dict[str, str], channel: int,
             log: IO[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log, start_new_session=True, pass_fds=[channel])
    except OSError as error:
        raise Unavailable(f"{WHO} cannot run what it has compiled: {error}; "
                          f"delete {cache()}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, SIGKILL)
            process.wait()


def _listen(connection: Connection, hear: Mapping[str, Callable[..., None]]) -> Any:
    while True:
        with _heard():
            kind, content = connection.recv()
        if kind == "returned":
            return content
        if kind == "raised":
            raised, said = content
            raised.add_note(f"In the simulator:\n{said}")
            raise raised
        hear[kind](*content)


@contextmanager
def _heard() -> Iterator[None]:
    """Only what the connection raises is silence; others may raise the same."""
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise _Silence from error


def _last(log: IO[str]) -> str:
    log.seek(0)
    *_, last = [line.strip() for line in log if line.strip()] or ["without a word"]
    return last
