"""Judges of what several processors do to one another; see :mod:`sim.record.claims`.

``traces`` are those of all processors, by number.
"""

from collections.abc import Sequence

from .interval import ALWAYS, Interval
from .records import AccessRecord, Addresses, TransferRecord
from .trace import Trace
from .verdict import NOTHING, Verdict, judge
from .words import addresses, describe, when


__all__ = ["interrupted", "no_stale_access", "nothing_lost", "updates", "written_back"]


def updates(trace: Trace, *, word: int,
            during: Interval = ALWAYS) -> list[tuple[TransferRecord, TransferRecord]]:
    """Locked updates of the 8-byte word at physical address ``word``: read, and store."""
    pairs: list[tuple[TransferRecord, TransferRecord]] = []
    read: TransferRecord | None = None
    for transfer in trace.transfers(during=during, physical=range(word, word + 8),
                                    lock=True):
        if not transfer.write:
            read = transfer
        elif read is not None:
            pairs.append((read, transfer))
            read = None
    return pairs


def nothing_lost(traces: Sequence[Trace], *, word: int,
                 during: Interval = ALWAYS) -> Verdict:
    """Processors updated the word at physical ``word``, and none stored over another's store.

    A locked update loses a store if it comes between its read and its own store.
    """
    expected = (f"locked updates of physical {word:#x}, none over a store that came between its "
                f"read and its own{when(during)}")
    last: TransferRecord | None = None
    whose = traces[0]
    for number, trace in enumerate(traces):
        for read, store in updates(trace, word=word, during=during):
            for other, rival in enumerate(traces):
                if other == number:
                    continue
                for lost in rival.transfers(
                        during=Interval(read.accepted, store.accepted + 1),
                        write=True, physical=range(word, word + 8)):
                    return Verdict(False, store.accepted, (
                        f"processor {number} read {read.data:#x} in cycle {read.accepted} and "
                        f"stored {store.data:#x} over {lost.data:#x}, which processor {other} had "
                        f"stored in cycle {lost.accepted}"), expected, cpu=number)
            if last is None or store.accepted > last.accepted:
                last, whose = store, trace
    if last is None:
        return Verdict(False, None, f"no locked update of physical {word:#x}", expected)
    return Verdict(True, last.accepted, f"last locked store: {last.data:#x}", expected,
                   whose.linear_at(last.accepted), whose.cpu)


def written_back(traces: Sequence[Trace], *, word: int, clear: int = 0, set_: int = 0,
                 during: Interval = ALWAYS) -> Verdict:
    """The last store to the word at physical ``word`` left these bits of it clear and set."""
    expected = (f"a last store at physical {word:#x} with the bits {set_:#x} set and {clear:#x} "
                f"clear{when(during)}")
    stores = [(store, trace) for trace in traces for store in trace.transfers(
        during=during, write=True, physical=range(word, word + 8))]
    if not stores:
        return Verdict(False, None, f"nothing was stored at physical {word:#x}", expected)
    last, trace = max(stores, key=lambda store: store[0].accepted)
    return Verdict(last.data & clear == 0 and last.data & set_ == set_, last.accepted,
                   f"{last.data:#x} stored at physical {word:#x}", expected,
                   trace.linear_at(last.accepted), trace.cpu)


def interrupted(traces: Sequence[Trace], *, source: int, target: int, vector: int,
                during: Interval = ALWAYS) -> Verdict:
    """Processor ``source`` sent ``target`` an interrupt, which that one then took."""
    expected = (f"processor {source} sends vector {vector:#x} to processor {target}, which takes "
                f"it{when(during)}")
    for sent in traces[source].interrupts(during=during, vector=vector, sent=True):
        if sent.target != target:
            continue
        for accepted in traces[target].interrupts(
                during=Interval(sent.cycle, during.until), vector=vector, sent=False):
            return Verdict(True, accepted.cycle,
                           f"vector {vector:#x} sent in cycle {sent.cycle}, taken by processor "
                           f"{target} in cycle {accepted.cycle}", expected, cpu=target)
        return Verdict(False, sent.cycle, f"vector {vector:#x} was sent and not taken", expected,
                       cpu=source)
    return Verdict(False, None, f"vector {vector:#x} was not sent to processor {target}",
                   expected)


@judge
def no_stale_access(trace: Trace, *, linear: Addresses, physical: Addresses,
                    during: Interval = ALWAYS) -> Verdict:
    """Accesses of ``linear`` were done, and none of them at ``physical``."""
    expected = (f"accesses of {addresses(linear)} that are done, none at physical "
                f"{addresses(physical)}{when(during)}")
    accesses: list[AccessRecord] = [access for access in trace.accesses(
        linear=linear, during=during) if access.done]
    if not accesses:
        return Verdict(False, None, NOTHING, expected)
    stale = trace.accesses(linear=linear, physical=physical, during=during)
    if stale:
        return Verdict(False, stale[0].accepted, f"stale: {describe(stale[0])}", expected,
                       stale[0].linear)
    first = accesses[0]
    return Verdict(True, first.accepted, describe(first), expected, first.linear)
