"""Intervals in which a translation in the TLB was stale: memory said otherwise."""

from collections.abc import Iterator, Sequence

from sim.paging.versions import Versions
from sim.paging.walk import outdated
from sim.record.tlb import TlbContents, TlbEntry
from sim.record.trace import Trace


__all__ = ["stale_intervals"]


def stale_intervals(traces: Sequence[Trace], versions: Versions,
                    ) -> dict[tuple[int, TlbEntry], list[tuple[int, int]]]:
    """The intervals of each translation that a processor's TLB held, by processor and translation.

    An interval is its first cycle and the one after its last. A translation of another PCID than
    the current one is not in use, and not stale. Traces without the changes of a TLB have no
    translations.
    """
    return {(cpu, entry): list(_stale(versions, cpu, entry, gone))
            for cpu, trace in enumerate(traces) if trace.reports_tlb
            for entry, gone in _lifetimes(trace)}


def _lifetimes(trace: Trace) -> Iterator[tuple[TlbEntry, int]]:
    """Each translation, and the first cycle in which it is not held any more."""
    contents = TlbContents()
    for change in trace.all_tlb_changes:
        for entry in contents.apply(change):
            yield entry, change.cycle + 1
    for entry in contents.entries:
        yield entry, trace.cycles


def _stale(versions: Versions, cpu: int, entry: TlbEntry, gone: int) -> Iterator[tuple[int, int]]:
    since = None
    for version in versions.of(entry.linear, cpu=cpu, since=entry.filled + 1, until=gone,
                               attempts={}):
        used  = entry.serves(entry.linear, version.state.pcid)
        stale = used and outdated(entry, version.translation)
        if stale and since is None:
            since = version.cycle
        elif not stale and since is not None:
            yield since, version.cycle
            since = None
    if since is not None:
        yield since, gone
