"""What cocotb runs on a unit with flaws: rounds until one is noticed, for each flaw anew."""

from pathlib import Path
from typing import Any

import cocotb

from hw.presets import PRESETS

from .collector import Observer
from .coverage import Coverage
from .coverpoints import groups
from .drivers import WishboneTarget
from .flaws import FLAWS
from .rounds import play_round
from .runs import Report
from .simulation import RESULT, Orders
from .testbench import Bench


__all__: list[str] = []


class Repeating(WishboneTarget):
    """Memory that can be made to answer everything twice."""

    repeats = False

    def step(self) -> None:
        """Do as memory does, and answer once more what was answered in this cycle."""
        answered = self._port.now.answers
        super().step()
        if self.repeats and answered:
            self._ack.drive(1)


@cocotb.test()
async def flaws(dut: Any) -> None:
    """The unit without a flaw, and then with each; what is said of it goes into the report."""
    orders   = Orders.received()
    config   = PRESETS[orders.preset]
    observer = Observer(Coverage.of(groups(config)))
    bench    = Bench(dut, config, observer, Repeating)
    report   = Report()
    for number, name in enumerate(("none", *FLAWS)):
        dut.flaw.value = number
        bench.target.repeats = name == "memory answers twice"
        report.complaints[name] = await _complaint(bench, observer, orders, report)
    report.cycles, report.seconds = bench.clockwork.cycle, bench.seconds
    report.save(Path(RESULT))


async def _complaint(bench: Bench, observer: Observer, orders: Orders, report: Report) -> str:
    for number in range(orders.first, orders.first + orders.least):
        report.rounds += 1
        try:
            report.accesses += await play_round(bench, observer, number)
        except AssertionError as error:
            return str(error)
    return ""
