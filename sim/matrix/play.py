"""All cells of a matrix, on as few machines as can be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from sim.machine import MODES, Machine
from sim.scenario import Stage
from sim.scenario.assembly import MachineChoice, assembled
from sim.switches import Switches

from .cell import Cell, tried
from .conditions import CONDITIONS, USUAL, Condition
from .memory import MEMORY, Memory
from .ways import WAYS


__all__ = ["COLUMNS", "Column", "Matrix", "played"]


#: The machine: a thread of the process runs on the second processor.
WANTED = {"cpus": 2}


class Column(NamedTuple):
    """A column: a kind of memory, under a condition. One of them is the usual one."""

    name:      str
    memory:    Memory
    condition: Condition

    @property
    def meaning(self) -> str:
        """The same in words."""
        return self.condition.meaning or self.memory.meaning


#: All columns by name: each kind of memory, then the first kind under each condition.
COLUMNS = {column.name: column for column in (
    *(Column(memory.name, memory, USUAL) for memory in MEMORY),
    *(Column(name, MEMORY[0], condition) for name, condition in CONDITIONS.items()))}


@dataclass
class Matrix:
    """A matrix that was played.

    Attributes
    ----------
    columns : sequence of :class:`Column`
        Its columns.
    cells : :class:`dict` of :class:`.cell.Cell`
        What came of each way, by the names of the way and of the column.
    mode, engine : :class:`str`
        On which machine.
    """

    columns: Sequence[Column]
    mode:    str
    engine:  str
    cells:   dict[tuple[str, str], Cell] = field(default_factory=dict)


def played(columns: Sequence[Column], choice: MachineChoice, *,
           begun: Callable[[str, int], None] = lambda title, number: None) -> Matrix:
    """Play all ways in all of some ``columns``, on machines of a ``choice``.

    ``begun`` is called with the name of each cell, and its number from 0 on. Raises what
    :func:`sim.scenario.assembly.assembled` does, and whatever stops a machine.
    """
    matrix = Matrix(columns, "", choice["engine"])
    for condition, group in groupby(columns, key=lambda column: column.condition):
        machine     = assembled(tuple(MODES), WANTED, _choice_of(condition, choice))
        matrix.mode = machine.mode
        _play_on(machine, list(group), matrix, begun)
    return matrix


def _choice_of(condition: Condition, choice: MachineChoice) -> MachineChoice:
    """The machine that was chosen, under a condition."""
    own: MachineChoice = {**choice}
    own["switches"] = Switches.parse([*str(choice.get("switches", Switches())).split(),
                                      *condition.switches])
    if condition.era is not None:
        own["era"] = condition.era
    if condition.force_override is not None:
        own["force_override"] = condition.force_override
    return own


def _play_on(machine: Machine, columns: Sequence[Column], matrix: Matrix,
             begun: Callable[[str, int], None]) -> None:
    """Play some columns on one machine."""
    async def play(_: Machine) -> None:
        for column in columns:
            for way in WAYS:
                begun(f"{way.name}, {column.name}", len(matrix.cells))
                matrix.cells[way.name, column.name] = await tried(
                    stage, way, column.memory, column.condition.name, column.condition.uid)

    stage = Stage(machine)
    machine.run(play)
