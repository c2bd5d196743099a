"""Random sequences of table edits, flushes, control writes and accesses, judged twice.

Nothing is flushed but by the sequence itself, so what the unit does may depend on translations
that memory no longer agrees with. One model knows every outcome that the manual then allows, the
other the choice that the unit takes, and with it how often each strobe is due.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, ROOT
from sequence_support import IN_EACH_WORLD, answers, refuses, steps

from sim.golden.mmu import GoldenMmu
from sim.golden.state import Features
from sw.bus import Register

from .judge_support import JudgedUnit, is_refused
from .memory_support import StrictMemory
from .mmu_support import ONE_LEVEL, SMALL, bench_of, compiled


pytestmark = pytest.mark.slow


PE = 1


class PartialMemory(StrictMemory):
    """Memory with a page that is not there, and one that can only be read."""

    def answers(self, word, write):
        """Tell whether a transfer is answered."""
        return super().answers(word, write) and answers(word * 8, write)


memories = st.builds(
    PartialMemory, latency=st.integers(1, 3),
    stall=st.sampled_from(((), (False, True), (True, True, False))))


def judge(bench, world, data):
    """Draw a sequence in a world and a memory, and let a bench's unit be judged in them."""
    sequence = data.draw(st.lists(steps(world), min_size=20, max_size=60), label="steps")

    async def main(cpu):
        judged = JudgedUnit(cpu, entry_size=world.entry_size, answers=answers)
        for step in (*world.start, *sequence):
            await judged.do(step)
        judged.compare_memories(world.frames)

    bench.run(main, memory=data.draw(memories, label="memory"))


@IN_EACH_WORLD
@pytest.mark.parametrize("second_level", [False, True], ids=["one level", "two levels"])
@given(data=st.data())
@settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_outcome_is_allowed_and_every_choice_and_strobe_is_the_unit_s(
        world, second_level, data):
    judge(compiled(second_level=second_level), world, data)


@IN_EACH_WORLD
@pytest.mark.parametrize("sizes", [ONE_LEVEL, SMALL], ids=["one level", "two levels"])
@given(data=st.data())
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_so_they_are_with_what_a_world_needs_alone(world, sizes, data):
    judge(bench_of(**sizes, **world.features), world, data)


#: Bits that some register gives a meaning, and a few that none does.
BITS  = st.sampled_from(
    (0, 3, 4, 5, 7, 8, 10, 11, 12, 16, 17, 20, 21, 22, 24, 29, 30, 31, 32, 39, 40, 63))
VALUE = st.one_of(
    st.sampled_from((CR0_32, PE, CR4_LONG, EFER_LONG, ROOT, 0)),
    st.sets(BITS, max_size=5).map(lambda bits: sum(1 << bit for bit in bits)),
)


@pytest.mark.parametrize("features", [{}, {
    "long_mode": False, "gigabyte_pages": False, "nx": False, "pcid": False, "pse": False,
    "pge": False, "smep": False, "smap": False, "maxphyaddr": 32,
}, {"pcid": False}, {"pcid": False, "pae": True, "la57": True}, {
    "pcid": False, "pae": True, "long_mode": False, "gigabyte_pages": False,
}, {"pcid": False, "pku": True, "pks": True}, {
    "pae": True, "la57": True, "invpcid": True, "pku": True, "pks": True,
}], ids=["most", "nothing", "no PCIDs", "all modes", "PAE", "keys", "everything"])
@given(writes=st.lists(st.tuples(st.sampled_from(Register), VALUE), max_size=40))
@settings(max_examples=60, deadline=None)
def test_control_registers_take_what_the_manual_lets_them(features, writes):
    async def main(cpu):
        model = GoldenMmu(Features(**features))
        for register, value in writes:
            assert await is_refused(cpu.write_control, register, value) is refuses(
                model, register, value)
            assert await cpu.read_control(register) == model.read_control(register)
            # Reads of all the others would take most of the time.
            assert cpu.registers == {name: getattr(model.state, name) for name in cpu.registers}
        for name in Register:
            assert await cpu.read_control(name) == model.read_control(name)

    bench_of(**SMALL, **features).run(main)
