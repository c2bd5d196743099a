"""Signals of a waveform that are kept in memory, beside one that is written."""

import pytest
from pywellen import Waveform

from hw.config import MmuConfig
from sim.engines.pysim import PysimEngine
from sim.record.viewed import Viewed
from sim.record.waveform import VCD, waveform
from sim.record.waves import joined
from sw.bus import Access


#: Value of a signal that means nothing.
NOTHING = "-"


@pytest.mark.slow
def test_what_is_kept_is_what_a_waveform_shows(tmp_path):
    async def main():
        for linear in 0x1234, 0x5678:
            await engine.bus.access(Access(linear, 4))

    engine, viewed = PysimEngine(MmuConfig(tlb_entries=2)), Viewed()
    engine.run(main, waves=joined([waveform(tmp_path), viewed.opened]))
    offsets, offset = {}, 0
    for signal in viewed.signals:
        offsets[signal.group, signal.name] = offset
        offset += signal.width
    shown = {}
    for signal in viewed.signals:
        place, mask = offsets[signal.group, signal.name], (1 << signal.width) - 1
        strobe = offsets[signal.group, signal.when] if signal.when else None
        shown[signal.full_name] = changes([
            (cycle, NOTHING if strobe is not None and not bits >> strobe & 1 else
             signal.text(bits >> place & mask) if signal.text else bits >> place & mask)
            for cycle, bits in viewed.rows])
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
    """The values without those that repeat the one before; high impedance means nothing."""
    found = []
    for cycle, value in values:
        if isinstance(value, str) and not value.strip("z"):
            value = NOTHING
        if not found or found[-1][1] != value:
            found.append((cycle, value))
    return found
