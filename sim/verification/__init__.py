"""Testbenches under cocotb: drivers, monitors, rules, coverage, and the unit's own regression.

For a design with streams or a Wishbone bus, and for a unit with the ports of :class:`hw.mmu.Mmu`,
these are the names to import; ``docs/cocotb.md`` has a testbench with each. They import cocotb only
where a simulator runs.

=======================================  =======================================================
:mod:`sim.verification.ports`            streams and Wishbone, sampled once a cycle
:mod:`sim.verification.drivers`          stream sources and sinks, a Wishbone target with memory
:mod:`sim.verification.monitors`         publishers of what was transferred
:mod:`sim.verification.rules`            rules of the buses and of the unit, as pure functions
:mod:`sim.verification.payloads`         the unit's requests and responses as integers
:mod:`sim.verification.testbench`        the unit with all this around it
:mod:`sim.verification.sequence`         operations with the golden model's results
:mod:`sim.verification.scoreboard`       their comparison with the unit's
:mod:`sim.verification.table_entries`    entries of paging structures, and random flags of these
:mod:`sim.verification.tables`           random paging structures
:mod:`sim.verification.stimulus`         random operations
:mod:`sim.verification.random_sequence`  sequences of these, in which nothing is stale
:mod:`sim.verification.burst`            sequences played back to back
:mod:`sim.verification.lockstep`         the unit and the model of stale translations
:mod:`sim.verification.stale`            one access at a time, with edits that nobody flushes
:mod:`sim.verification.coverpoints`      those of the regression
:mod:`sim.verification.walks`            predicted observations, by memory as it is before
:mod:`sim.verification.collector`        from events to bins
:mod:`sim.verification.runs`             settings and result of a run in a simulator
:mod:`sim.verification.rounds`           random rounds: the test that cocotb runs
:mod:`sim.verification.flaw_list`        flaws that a unit can have, and who notices each
:mod:`sim.verification.flawed_parts`     its parts with flaws at their ports
:mod:`sim.verification.flawed_rules`     its rules with flaws
:mod:`sim.verification.flaws`            the unit with them
:mod:`sim.verification.flawed_machines`  machines of such units in Amaranth's simulator
:mod:`sim.verification.flaw_rounds`      rounds that notice each of them
:mod:`sim.verification.simulation`       building a component, and running tests on it
:mod:`sim.verification.campaign`         the command for long runs
:mod:`sim.verification.texts`            accesses and cycles in words
=======================================  =======================================================
"""

from sim.coverage.bins import Coverage, Coverpoint

from .burst import play
from .collector import CoverageCollector
from .coverpoints import coverpoints
from .drivers import Pace, StreamSink, StreamSource, WishboneTarget
from .monitors import RuleMonitor, StreamMonitor, WishboneMonitor, WishboneTransfer
from .payloads import (
    AccessResult, ControlResult, decode_access, decode_control, encode_access, encode_control,
    encode_invlpg, encode_invpcid,
)
from .ports import ClockingBlock, SignalPort, StreamPort, WishbonePort
from .rules import MmuChecker, StreamChecker, WishboneChecker
from .scoreboard import Mismatch, Scoreboard
from .sequence import PredictedSequence
from .simulation import BuiltDesign, SimulationFailed, build
from .testbench import Hang, MmuTestbench, RuleViolation


__all__ = [
    "AccessResult", "BuiltDesign", "ClockingBlock", "ControlResult", "Coverage",
    "CoverageCollector", "Coverpoint", "Hang", "Mismatch", "MmuChecker", "MmuTestbench", "Pace",
    "PredictedSequence", "RuleMonitor", "RuleViolation", "Scoreboard", "SignalPort",
    "SimulationFailed", "StreamChecker", "StreamMonitor", "StreamPort", "StreamSink",
    "StreamSource", "WishboneChecker", "WishboneMonitor", "WishbonePort", "WishboneTarget",
    "WishboneTransfer", "build", "coverpoints", "decode_access", "decode_control",
    "encode_access", "encode_control", "encode_invlpg", "encode_invpcid", "play",
]
