"""Simulated boards without a pseudo-terminal between, and lines that fail."""

from random import Random

from hw.boards import BOARDS
from sim.boards.simulated.board import compiled
from sim.engines.serial import SerialEngine


__all__ = ["DirectLine", "FaultyLine", "board_named", "engine_on"]


#: Cycles in which a board that has something to say says it, at the least.
LONG = 400_000


def board_named(name):
    """The simulated board of that name, at its power-up."""
    return compiled(BOARDS[name])


class DirectLine:
    """A :class:`sim.link.line.Line` to a simulated board: its time goes on while somebody waits."""

    def __init__(self, board):
        self.board = board
        self.sent = self.heard = 0

    def write(self, octets):
        self.sent += len(octets)
        self.board.send(octets)

    def read(self, seconds):
        end = self.board.cycles + LONG
        while self.board.cycles < end:
            octets = self.board.run(1_000)
            if octets:
                self.heard += len(octets)
                return octets
        return b""

    def close(self):
        pass


class FaultyLine(DirectLine):
    """... on which octets get lost, or come changed or twice, in both directions.

    Parameters
    ----------
    seed : :class:`int`
        What decides which.
    rate : :class:`float`
        How many of the octets something happens to.
    """

    def __init__(self, board, *, seed, rate):
        super().__init__(board)
        self._random = Random(seed)
        self._rate   = rate
        self.faults  = {"lost": 0, "changed": 0, "twice": 0}

    def write(self, octets):
        super().write(self._spoilt(octets))

    def read(self, seconds):
        return self._spoilt(super().read(seconds))

    def _spoilt(self, octets):
        found = bytearray()
        for octet in octets:
            fault = self._random.choice(list(self.faults)) \
                if self._random.random() < self._rate else None
            if fault is not None:
                self.faults[fault] += 1
            if fault == "changed":
                octet ^= 1 << self._random.randrange(8)
            found += bytes([octet] * {"lost": 0, "twice": 2}.get(fault, 1))
        return bytes(found)


def engine_on(line, config=None, **options):
    """An engine whose board is at the end of ``line``; it does not wait long for its answers."""
    return SerialEngine(config, line=line, patience=0.05, **options)
