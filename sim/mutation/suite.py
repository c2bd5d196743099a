"""Tests of the project on mutants: a pytest that has collected them once, and forks for each.

It is a process of its own. It plays all tests without a mutant first: those that fail or are
skipped then, and those that never touch the mutated part, say nothing of a mutant, and are left
out. A test that is skipped on a mutant has not noticed it.
"""

import contextlib
import gc
import io
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from sim.errors import Unavailable

from .forked import allow, forked


__all__ = ["Hooks", "Suite", "tests_folder"]


WHO = "the tests as checks"

#: Tests that are played in a copy of the process without a mutant; and seconds that it may take,
#: or another copy beside what its tests may take.
_CONTROLS, _PATIENCE = 20, 60.0


class Hooks(Protocol):
    """The side of the mutated part."""

    def collected(self) -> None:
        """Prepare what the tests have imported."""

    def begin(self, test: str) -> None:
        """Note that a test begins."""

    def touched(self) -> frozenset[str]:
        """Names of what the test that has ended has touched of the mutated part."""

    def choose(self, mutant: Any) -> None:
        """Have a mutant active from now on."""

    def affects(self, test: str) -> bool:
        """Tell whether a test might end otherwise with the mutant that is active."""


class Suite:
    """Tests, in a process that plays them on one mutant after the other.

    Raises :class:`sim.errors.Unavailable` without pytest or tests, and for a file of tests that
    cannot be collected.

    Parameters
    ----------
    tests : sequence of :class:`str`
        Files and folders of the tests, from the top of the project.
    make : callable
        Makes the :class:`Hooks` in that process, of ``arguments``.
    """

    def __init__(self, tests: Sequence[str], make: Callable[..., Hooks], *arguments: Any):
        if find_spec("pytest") is None:
            raise Unavailable(f"{WHO} need pytest: pip install 'dragoncage[test]'")
        root = tests_folder().parent
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, daemon=True, args=(
            theirs, root, [str(root / name) for name in tests], make, arguments))
        self._process.start()
        theirs.close()
        for _ in ("collected", "played"):
            if trouble := self._receive():
                raise Unavailable(f"{WHO}: {trouble}")
        self.durations: dict[str, float] = self._receive()
        self.touched: dict[str, frozenset[str]] = self._receive()

    def play(self, mutant: Any, tests: Sequence[str], patience: float, slower: float) -> str:
        """Play tests on a mutant until one fails: its name and why. Empty words: none does.

        A test may take ``slower`` times the processor's time that it takes without a mutant, and
        ``patience`` seconds beside; after that it hangs.
        """
        self._ours.send((mutant, {name: patience + slower * self.durations[name]
                                  for name in tests}))
        words: str = self._receive()
        return words

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join(5)
        self._process.kill()

    def _receive(self) -> Any:
        try:
            return self._ours.recv()
        except EOFError as error:
            raise Unavailable(f"{WHO}: pytest has ended early") from error


def tests_folder() -> Path:
    """The folder of the project's tests. Raises :class:`sim.errors.Unavailable` without one."""
    folder = Path(__file__).resolve().parents[2] / "tests"
    if not (folder / "conftest.py").is_file():
        raise Unavailable(f"{WHO} need a checkout of the project: there is no {folder}")
    return folder


def _serve(connection: Connection, root: Path, tests: list[str], make: Callable[..., Hooks],
           arguments: tuple[Any, ...]) -> None:
    """Be the process."""
    import pytest

    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([
            "-o", "addopts=", "--import-mode=importlib", "-o", "timeout=0", "-p", "no:xdist",
            "-p", "no:terminal", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=0",
            # What cannot be raised is blamed on the test that comes next, in each copy anew.
            "-p", "no:unraisableexception",
            f"--rootdir={root}", *tests,
        ], plugins=[_Plugin(connection, make(*arguments))])


class _Plugin:
    """Plays the tests when it is told to, instead of one after the other."""

    def __init__(self, connection: Connection, hooks: Hooks):
        self._connection = connection
        self._hooks      = hooks
        self._failure    = ""
        self._skipped    = False
        self._trouble    = ""

    def pytest_configure(self) -> None:
        """Have the same examples each time, and none that only make a failure smaller."""
        from hypothesis import HealthCheck, Phase, settings

        settings.register_profile("mutation", derandomize=True, database=None, deadline=None,
                                  phases=(Phase.explicit, Phase.generate),
                                  suppress_health_check=list(HealthCheck))
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: Any) -> bool:
        """Play all without a mutant, and then what is asked for."""
        self._connection.send(self._trouble)
        if self._trouble:
            return True
        self._hooks.collected()
        items = {item.nodeid: item for item in session.items}
        durations, touched = {}, {}
        for name, item in items.items():
            self._hooks.begin(name)
            begun = time.process_time()
            self._play(item)
            lasted = time.process_time() - begun
            names  = self._hooks.touched()
            if names and not (self._failure or self._skipped):
                durations[name] = lasted
                touched[name]   = names
        self._connection.send(self._trouble_of_copies(
            [items[name] for name in durations][:_CONTROLS]))
        self._connection.send(durations)
        self._connection.send(touched)
        with contextlib.suppress(EOFError):
            while True:
                mutant, limits = self._connection.recv()
                self._connection.send(forked(partial(self._noticed, mutant, items, limits),
                                             _PATIENCE + sum(limits.values())))
        return True

    def pytest_collectreport(self, report: Any) -> None:
        """Note the first file of tests that cannot be collected, and why."""
        if report.failed and not self._trouble:
            self._trouble = f"{report.nodeid} cannot be collected: {_words_of(report)}"

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note why a test has failed, or that it was skipped."""
        if report.failed:
            self._failure = _words_of(report)
        self._skipped |= report.skipped

    def _trouble_of_copies(self, items: Sequence[Any]) -> str:
        """Words on a test that fails in a copy without a mutant: then no kill would be one."""
        def noticed() -> str:
            gc.collect()
            for item in items:
                self._play(item)
                if self._failure:
                    return f"{item.nodeid}: {self._failure}"
            return ""

        words = forked(noticed, _PATIENCE)
        return f"without a mutant, {words}" if words else ""

    def _noticed(self, mutant: Any, items: Mapping[str, Any], limits: Mapping[str, float]) -> str:
        self._hooks.choose(mutant)
        for name, seconds in limits.items():
            if self._hooks.affects(name):
                allow(seconds)
                self._play(items[name])
                if self._failure:
                    return f"{name}: {self._failure}"
        return ""

    def _play(self, item: Any) -> None:
        self._failure, self._skipped = "", False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)


def _words_of(report: Any) -> str:
    """The line of what pytest says of a failure that tells most."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash else report.longrepr).strip().splitlines() or ["failed"]
    return lines[0 if crash else -1]
