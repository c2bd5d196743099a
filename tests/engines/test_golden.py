"""The golden model as an engine: machines that play the same, with nothing on record."""

import pytest

from sim.errors import Unsuited
from sim.machine import Machine
from sim.schedule import Schedule, TimeSlice
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.user import User


def test_a_kernel_boots_and_a_process_runs():
    found = []

    async def main(machine):
        user = await User.create(machine.cpu)
        at   = await user.mmap(4096)
        await user.store(at, 5)
        found.append(await user.load(at))

    Machine(engine="golden").run(main)
    assert found == [5]


@pytest.mark.parametrize("mode", ["32bit", "pae", "5level"])
def test_it_has_every_mode(mode):
    async def main(machine):
        await (await User.create(machine.cpu)).mmap(4096)

    Machine(engine="golden", mode=mode).run(main)


@pytest.mark.parametrize("slices", [[], [TimeSlice(0, 40), TimeSlice(1, 7)]])
def test_several_processors_take_turns_or_follow_a_schedule(slices):
    schedule, found = Schedule(slices), []

    async def main(machine):
        async def other(cpu):
            user = await User.create(cpu)
            at   = await user.mmap(4096)
            await user.store(at, 6)
            return await user.load(at)

        found.append(await wait_for_completion(
            machine.cpu, await start_on(machine.cpu, machine.cpus[1], other)))

    Machine(engine="golden", cpus=2, schedule=schedule).run(main)
    assert found == [6]
    assert schedule.executed == slices


def test_there_is_nothing_to_judge():
    machine = Machine(engine="golden")
    with pytest.raises(Unsuited, match="claims are judged from signals"):
        assert machine.engine.trace

    async def main(machine):
        pass

    with pytest.raises(Unsuited, match="no signals for a waveform"):
        machine.engine.run(lambda: main(machine), waves=object())


def test_a_machine_runs_once():
    async def main(machine):
        pass

    machine = Machine(engine="golden")
    machine.run(main)
    with pytest.raises(RuntimeError, match="make another"):
        machine.run(main)
