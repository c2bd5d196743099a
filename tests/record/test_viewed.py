"""Signals of a waveform that are kept in memory, beside one that is written."""

from pywellen import Waveform

from hw.config import MmuConfig
from sim.engines.pysim import PysimEngine
from sim.record.viewed import Viewed
from sim.record.waves import VCD, joined, waveform
from sw.bus import Access


def test_what_is_kept_is_what_a_waveform_shows(tmp_path):
    async def main():
        for linear in 0x1234, 0x5678:
            await engine.bus.access(Access(linear, 4))

    engine, viewed = PysimEngine(MmuConfig(tlb_entries=2)), Viewed()
    engine.run(main, waves=joined([waveform(tmp_path), viewed.opened]))
    offset, shown = 0, {}
    for signal in viewed.signals:
        values = [(cycle, bits >> offset & (1 << signal.width) - 1) for cycle, bits in viewed.rows]
        shown[signal.full_name] = changes([
            (cycle, signal.text(value) if signal.text else value) for cycle, value in values])
        offset += signal.width
    written = {variable.full_name: changes(variable.tv)
               for variable in Waveform(path=str(tmp_path / VCD)).all_vars()}
    assert shown == written
    assert len(shown["machine.access.linear"]) >= 2


def test_cycles_without_a_change_are_not_kept():
    viewed = Viewed()
    for cycle, bits in enumerate([1, 1, 2, 2, 1]):
        viewed.step(cycle, bits)
    assert viewed.rows == [(0, 1), (2, 2), (4, 1)]


def changes(values):
    """The values without those that repeat the one before."""
    found = []
    for cycle, value in values:
        if not found or found[-1][1] != value:
            found.append((cycle, value))
    return found
