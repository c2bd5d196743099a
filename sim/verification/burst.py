"""Plays a :class:`.sequence.Script` on the unit, back to back, and scores it."""

from collections.abc import Iterator
from random import Random

from hw.layout import Fault
from sim.golden.state import Features
from sw.bus import GeneralProtection, Kind, PageFault

from .collector import Observer
from .monitors import Transfer
from .payloads import AccessAnswer, access_answer, control_answer
from .sequence import Edit, Operation, Request, Script, Step, Store
from .stimulus import scene
from .testbench import Bench
from .texts import outcome_text


__all__ = ["Mismatch", "play_burst"]


class Mismatch(AssertionError):
    """The unit did other than the golden machine."""


_FAULTS = {PageFault: Fault.PAGE_FAULT, GeneralProtection: Fault.GENERAL_PROTECTION,
           type(None): Fault.NONE}


class _Score:
    """Compares answers and stores, in order, with what the golden machine says."""

    def __init__(self, script: Script):
        steps = script.steps
        self._accesses = iter([step for step in steps if isinstance(step, Request)])
        self._controls = iter([step for step in steps if isinstance(step, Operation)])
        self._stores   = iter(script.stores)
        self.wrong: list[str] = []

    def access(self, payload: int) -> None:
        """An access was answered."""
        step, answer = next(self._accesses, None), access_answer(payload)
        if step is None:
            self.wrong.append(f"{answer}, but all accesses had been answered")
        elif not _agree(step, answer):
            self.wrong.append(
                f"{step}: {answer}, but the golden machine: {outcome_text(step.outcome)}")

    def control(self, payload: int) -> None:
        """A control operation was answered."""
        step, answer = next(self._controls, None), control_answer(payload)
        if step is None:
            self.wrong.append(f"{answer}, but all operations had been answered")
        elif step.refused != answer.fault or step.value not in (None, answer.value):
            value = "" if step.value is None else f"{step.value:#x}, "
            self.wrong.append(f"{step}: {answer.value:#x}, #GP {answer.fault}, but the golden "
                              f"machine: {value}#GP {step.refused}")

    def store(self, transfer: Transfer) -> None:
        """A transfer was accepted."""
        if not transfer.write:
            return
        lanes    = sum(0xff << 8 * lane for lane in range(8) if transfer.sel >> lane & 1)
        store    = Store(transfer.word, transfer.sel, transfer.data & lanes, transfer.lock)
        expected = next(self._stores, None)
        if store != expected:
            self.wrong.append(f"{store}, but the golden machine: {expected}")

    def rest(self) -> Iterator[str]:
        """What did not take place at all."""
        yield from (f"there was no {store}" for store in self._stores)


def _agree(step: Request, answer: AccessAnswer) -> bool:
    outcome = step.outcome
    if outcome is None:
        return answer.fault is Fault.SKIPPED
    if answer.fault is not _FAULTS[type(outcome.fault)]:
        return False
    if isinstance(outcome.fault, PageFault):
        return answer.error == outcome.fault.error_code
    if outcome.fault is not None:
        return True
    data = None if step.access.kind is Kind.WRITE else outcome.data
    return answer.physical == outcome.physical and data in (None, answer.data)


async def play_burst(bench: Bench, observer: Observer, chance: Random, machine: Features, *,
                     steps: int = 60) -> int:
    """A random scene with some ``steps``; return how many accesses it had.

    Raises :class:`Mismatch`, :class:`.testbench.Broken`, :class:`.testbench.Stuck`.
    """
    await bench.begin(chance)
    script = Script(scene(chance, machine), observer)
    script.extend(steps)
    score = _Score(script)
    bench.answers.transferred.append(score.access)
    bench.controlled.transferred.append(score.control)
    bench.bus.asked.append(score.store)

    for step in script.steps:
        await _play(bench, step, chance)
        if score.wrong:
            raise Mismatch(score.wrong[0])
    await bench.rest()
    wrong = [*score.wrong, *score.rest(), *_memory(bench, script), *_strobes(bench, script)]
    if wrong:
        raise Mismatch("; ".join(wrong[:3]))
    return sum(isinstance(step, Request) for step in script.steps)


async def _play(bench: Bench, step: Step, chance: Random) -> None:
    """Do one step as early as the order of steps allows."""
    match step:
        case Request():
            bench.access.send(step.payload)
        case Operation():
            await bench.until(lambda: bench.access.idle and bench.control.idle)
            bench.control.send(step.payload)
            # Accesses may be offered beside it: they must wait.
            if chance.random() < 0.7:
                await bench.until(lambda: bench.control.offering)
            else:
                await bench.until(lambda: bench.control.idle)
        case Edit():
            await bench.rest()
            bench.target.memory.write(step.place.address, step.size, step.value)


def _memory(bench: Bench, script: Script) -> Iterator[str]:
    """Where memory is other than the golden machine's: in tables, and where anybody stored."""
    space  = script.scene.space
    frames = {table >> 12 for table in space.tables} if space is not None else set()
    frames |= {store.word >> 9 for store in script.stores}
    for frame in sorted(frames):
        expected = bytes(script.golden.memory.page(frame))
        found    = bench.target.memory.read_bytes(frame << 12, 4096)
        if found != expected:
            first = next(i for i in range(4096) if found[i] != expected[i])
            yield (f"memory at {frame << 12 | first:#x} is {found[first]:#x}, but the golden "
                   f"machine's is {expected[first]:#x}")


def _strobes(bench: Bench, script: Script) -> Iterator[str]:
    """Where the unit's strobes count other events than its answers tell."""
    faults = [type(step.outcome.fault) for step in script.steps
              if isinstance(step, Request) and step.outcome is not None]
    refused = sum(isinstance(step, Operation) and step.refused for step in script.steps)
    for name, count in (("page_fault", faults.count(PageFault)),
                        ("protection", faults.count(GeneralProtection)), ("refused", refused)):
        if bench.strobes[name] != count:
            yield f"{bench.strobes[name]} strobes {name!r}, but {count} answers"
