"""Access vectors on the golden model."""

from collections.abc import Sequence
from functools import cache, lru_cache

from sim.golden.control import write_register
from sim.golden.mmu import GoldenMmu
from sim.golden.state import ControlState, Features
from sim.vectors.sequence import AnyOutcome, AnyVector, SequenceVector
from sim.vectors.support import control_writes, lacking, loads_pdptes, refused
from sim.vectors.vector import AC, Ending, Vector, VectorOutcome, VectorStep, entry_size
from sw.bus import GeneralProtection, PageFault, Register

from .golden_sequences import play


__all__ = ["GoldenVectors"]


class GoldenVectors:
    """A :class:`sim.vectors.engines.VectorEngine` in plain Python. It counts no cycles."""

    batch = 512

    def run(self, vectors: Sequence[AnyVector]) -> list[AnyOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        return [play(vector) if isinstance(vector, SequenceVector)
                else lacking(vector) or _run(vector) for vector in vectors]


def _run(vector: Vector) -> VectorOutcome | str:
    writes = control_writes(vector)
    mmu    = GoldenMmu(_machine(vector.maxphyaddr))
    size   = entry_size(vector.cr0, vector.cr4, vector.efer)
    for address, value in vector.entries:
        mmu.memory.write(address, size, value)
    if loads_pdptes(vector.cr0, vector.cr4, vector.efer):
        for register, value in writes:
            try:
                mmu.write_control(register, value)
            except GeneralProtection:
                return refused(register, value)
    else:
        state = _controlled(vector.maxphyaddr, writes)
        if isinstance(state, str):
            return state
        mmu.state = state
    before = [_do(mmu, step) for step in vector.before or ()]
    return VectorOutcome(
        _do(mmu, vector.access),
        [mmu.memory.read(address, size) for address, _ in vector.entries], before,
    )


@cache
def _machine(maxphyaddr: int) -> Features:
    return Features(maxphyaddr=maxphyaddr, pae=True, la57=True, pcid=False, pku=True,
                    pks=True)


@lru_cache(maxsize=8192)
def _controlled(maxphyaddr: int, writes: tuple[tuple[Register, int], ...]) -> ControlState | str:
    """Return the state after ``writes`` since reset, or the reason why one of them is refused.

    They read no memory.
    States never change, and many lines have the same one, or the same but for CR3, which is
    written last: so they are kept, and those on the way to them too.
    """
    if not writes:
        return ControlState(machine=_machine(maxphyaddr))
    *_, (register, value) = writes
    state = _controlled(maxphyaddr, writes[:-1])
    if isinstance(state, str):
        return state
    try:
        return write_register(state, register, value)[0]
    except GeneralProtection:
        return refused(register, value)


def _do(mmu: GoldenMmu, step: VectorStep) -> Ending:
    """Run one access with its own RFLAGS.AC."""
    if mmu.state.ac != step.ac:
        mmu.write_control(Register.RFLAGS, AC * step.ac)
    _, physical, fault = mmu.access(step.access)
    if isinstance(fault, PageFault):
        return Ending("#PF", fault.error_code, fault.address)
    return Ending("#GP") if physical is None else Ending(physical=physical)
