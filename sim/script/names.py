"""Names of a script that is being played, and what they stand for on one kernel."""

from collections.abc import Iterable

from .expression import Expression
from .host import Process
from .outcome import symbol
from .script import Step


__all__ = ["Names"]


class Names:
    """Names given so far.

    Attributes
    ----------
    values : :class:`dict`
        Numbers of all of them.
    addresses, frames : :class:`dict`
        Those of results that are addresses; frame numbers, by the queries that saw them.
    processes : :class:`dict`
        Processes and threads.
    """

    def __init__(self) -> None:
        self.values:    dict[str, int]     = {}
        self.addresses: dict[str, int]     = {}
        self.frames:    dict[str, int]     = {}
        self.processes: dict[str, Process] = {}

    def begin(self, name: str, process: Process) -> None:
        """Give a process its name."""
        self.processes[name] = process
        self.values[name]    = process.pid

    def number(self, value: Expression | int) -> int:
        """Evaluate."""
        return value if isinstance(value, int) else value.value(self._value)

    def _value(self, name: str) -> int:
        # A step that failed gave its name nothing; what needs it fails likewise, at address 0.
        return self.values.get(name, 0)

    def path(self, text: str) -> str:
        """Return a path with the numbers of processes in the place of their names."""
        for name, process in self.processes.items():
            text = text.replace(f"{{{name}}}", str(process.pid))
        return text

    def process_of(self, pid: int) -> str:
        """Tell a process's number by its name."""
        return next((name for name, process in self.processes.items() if process.pid == pid),
                    str(pid))

    def address(self, value: int, step: Step) -> str:
        """Tell an address by names, those in the step first; a constant of the step by itself."""
        sums = [arg for arg in step.args.values() if isinstance(arg, Expression)]
        if any(not arg.names and arg.value(self._value) == value for arg in sums):
            return f"{value:#x}"
        return symbol(value, self.addresses, tuple(_names(sums, self.addresses)))

    def position(self, value: int, step: Step) -> int | str:
        """Tell a position in a file: in that of a memory it may be an address."""
        told = self.address(value, step)
        return value if told.startswith("0x") else told


def _names(sums: Iterable[Expression], known: Iterable[str]) -> list[str]:
    return [name for one in sums for name in one.names if name in known]
