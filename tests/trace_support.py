"""Comparing traces."""

__all__ = ["assert_same"]


LISTS = ("all_accesses", "all_transfers", "all_controls", "all_interrupts", "all_events", "states",
         "marks")


def assert_same(one, other):
    """Two traces record the same, in the same cycles; changes of the TLB if both have them."""
    for left, right in [*((getattr(one, name), getattr(other, name)) for name in LISTS),
                        tlb_changes(one, other)]:
        for record, counterpart in zip(left, right, strict=False):
            assert record == counterpart
        assert len(left) == len(right)
    assert one.cycles == other.cycles


def tlb_changes(*traces):
    """Changes of the TLB in each of ``traces``; none, if a board is among them."""
    try:
        return [trace.all_tlb_changes for trace in traces]
    except LookupError:
        return [[] for _ in traces]
