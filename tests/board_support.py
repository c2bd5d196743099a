"""Simulated boards without a pseudo-terminal between, and lines that fail."""

from math import ceil
from random import Random

import pytest

from hw.boards import BOARDS
from sim.boards.simulated.board import compiled
from sim.engines.serial import SerialEngine
from sim.scenario import PAGE_SIZE, PROT_READ
from sim.scenarios.cast import SECRET, Cast
from sw.bus import Access, GeneralProtection, Kind, Register


__all__ = ["CLOCK_HZ", "DirectLine", "FaultyLine", "board_named", "engine_on",
           "slim_cast", "work", "worked"]


#: Cycles after which a board that is silent has nothing to say. To clear its memory takes fewer.
LONG = 40_000

#: Cycles in a second of an iCEBreaker's time.
CLOCK_HZ = BOARDS["icebreaker"].clock_hz


def board_named(name):
    """The simulated board of that name, at its power-up."""
    return compiled(BOARDS[name])


class DirectLine:
    """A line to a simulated board: its time goes on while somebody waits.

    When the board has nothing to say, the rest of the time passes without it.
    """

    def __init__(self, board):
        self.board = board
        self.sent = self.heard = 0
        self._skipped = -board.cycles

    def now(self):
        return (self.board.cycles + self._skipped) / CLOCK_HZ

    def write(self, data):
        self.sent += len(data)
        self.board.send(data)

    def read(self, seconds):
        begun, wait = self.board.cycles, ceil(seconds * CLOCK_HZ)
        silent = begun
        while self.board.cycles < min(begun + wait, silent + LONG):
            data = self.board.run(1_000)
            if data:
                self.heard += len(data)
                return data
            if self.board.busy:
                silent = self.board.cycles
        self._skipped += max(0, begun + wait - self.board.cycles)
        return b""

    def close(self):
        pass


class FaultyLine(DirectLine):
    """... on which bytes get lost, or come changed or twice, in both directions.

    Parameters
    ----------
    seed : :class:`int`
        What decides which.
    rate : :class:`float`
        Share of the bytes that something happens to.
    """

    def __init__(self, board, *, seed, rate):
        super().__init__(board)
        self._random = Random(seed)
        self._rate   = rate
        self.faults  = {"lost": 0, "changed": 0, "twice": 0}

    def write(self, data):
        super().write(self._spoilt(data))

    def read(self, seconds):
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            if data := self._spoilt(super().read(left)):
                return data
        return b""

    def _spoilt(self, data):
        found = bytearray()
        for byte in data:
            fault = self._random.choice(list(self.faults)) \
                if self._random.random() < self._rate else None
            if fault is not None:
                self.faults[fault] += 1
            if fault == "changed":
                byte ^= 1 << self._random.randrange(8)
            found += bytes([byte] * {"lost": 0, "twice": 2}.get(fault, 1))
        return bytes(found)


async def slim_cast(stage):
    """A cast for acts that need its process, its secret page and its buffer alone.

    A board zeroes each page word by word, and tells of each word: so there are no others.
    """
    user = await stage.user("dragon")
    await user.handle()
    secret = await user.mmap(2 * PAGE_SIZE)
    buffer = secret + PAGE_SIZE
    await user.store(secret, SECRET, 4)
    await user.mprotect(secret, PAGE_SIZE, PROT_READ)
    return Cast(user, secret, open=buffer, buffer=buffer, constant=secret)


def engine_on(line, config=None, **options):
    """An engine whose board is at the end of ``line``."""
    return SerialEngine(config, line=line, **options)


PSE, PAE, PG_WP_PE = 1 << 4, 1 << 5, 1 << 31 | 1 << 16 | 1


async def work(engine):
    """Strings, accesses of all kinds, control operations and faults, with marks between them."""
    bus, random, seen = engine.bus, Random(1), []
    directory = b"".join((0x83 | number << 22).to_bytes(4, "little") for number in range(2))
    seen.append(await bus.store_string(0x1000, directory, user=False))
    for register, value in ((Register.CR3, 0x1000), (Register.CR4, PSE), (Register.CR0, PG_WP_PE)):
        await bus.write_control(register, value)
    for turn in range(25):
        engine.claim(f"claim {turn // 5}")
        for depth in range(random.randrange(4)):
            bus.mark(["function"] * depth)
        linear, count = 0x2000 + random.randrange(0x3000), random.randrange(300)
        seen.append(await bus.store_string(linear, random.randbytes(count), user=False))
        seen.append(await bus.load_string(linear ^ 8, count, user=False))
        kind   = random.choice(list(Kind))
        # Only the operands that the kind has: there are no others on the way to a board.
        access = Access(0x2000 + random.randrange(0x3000), random.choice((1, 2, 4, 8)), kind,
                        data=0 if kind in (Kind.READ, Kind.FETCH) else random.getrandbits(8),
                        compare=random.getrandbits(1) if kind is Kind.COMPARE_EXCHANGE else 0)
        seen.append((await bus.access(access)).data)
        if turn % 10 == 7:
            await engine.settle()
    seen.append(str(await bus.load_string(0x7FFFFC, 16, user=False)))   # the second half faults
    seen.append(str((await bus.access(Access(0x2000, 1, user=True))).fault))
    with pytest.raises(GeneralProtection):
        await bus.write_control(Register.CR4, PSE | PAE)
    seen.append(await bus.read_control(Register.CR2))
    await bus.invlpg(0x2000)
    return seen


def worked(engine):
    """Let it work; return what was seen."""
    async def run():
        seen.extend(await work(engine))

    seen = []
    engine.run(run)
    return seen
