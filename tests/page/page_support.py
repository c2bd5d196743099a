"""Documents of runs, and what they say of a cycle."""

import base64
import gzip
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.page.document import document
from sim.scenario.run import Run
from sim.scenario.stage import Stage
from sim.scenarios import SCENARIOS


__all__ = ["Played", "at", "document_in", "played", "tlb_at"]


@dataclass
class Played:
    """A run that was played once: its document, and what it was made of."""

    name: str = "played"
    viewed: bool = True
    run: Run = None
    stage: Stage = None
    document: dict[str, Any] = None
    shown: dict[int, list[Any]] = None

    def write(self, run, stage, viewed):
        """Make the document instead of writing it, and take some rows of the waveform.

        The next run on the same compiled machine has other texts for the same numbers.
        """
        self.run, self.stage = run, stage
        self.document = document(run, stage, viewed)
        self.shown = {cycle: list(values_of(viewed.signals, bits))
                      for cycle, bits in viewed.rows[::101]}


def values_of(signals, bits):
    """Values of signals, packed in ``bits``, or what they mean as texts."""
    for signal in signals:
        value = bits & (1 << signal.width) - 1
        bits >>= signal.width
        yield value if signal.text is None else signal.text(value)


@cache
def played(name, mode="4level"):
    """A scenario, played on the compiled engine."""
    taken = Played()
    assert SCENARIOS[name].perform(engine="cxxrtl", era="5.x", mode=mode, exports=[taken]).holds
    return taken


def document_in(page):
    """The document in a page that was written."""
    [packed] = re.findall(r'<script [^>]*id="run"[^>]*>([^<]+)</script>',
                          page.read_text(encoding="utf-8"))
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def at(rows, cycle):
    """The last of some rows, which begin with their cycle, that is at or before a cycle."""
    return rows[bisect_right(rows, cycle, key=lambda row: row[0]) - 1]


def tlb_at(found, cpu, cycle):
    """Numbers of the translations that a document says are in a TLB."""
    held = []
    for changed, _, came, gone in found["traces"][cpu]["tlb"]:
        if changed < cycle:
            held = [number for number in held if number not in gone]
            held += [] if came is None else [came]
    return held
