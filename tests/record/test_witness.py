"""The access that a verdict names."""

from sim.record.witness import witness

from .trace_records import access, trace


#: Three accesses on their way at a time, and two of another processor.
FIRST, SECOND, THIRD = access(10, 0x1000), access(11, 0x2000), access(11, 0x1000, lasts=5)
TRACES = [trace(FIRST, SECOND, THIRD, cycles=20),
          trace(access(12, 0x3000), access(12, 0x1000), cycles=20, cpu=1)]


def found(cycle, linear, cpu=None):
    """Processor and place of the witness."""
    it = witness(TRACES, cycle, linear, cpu)
    return it and (it.cpu, it.number)


def test_it_ends_in_the_cycle_or_begins_in_it_or_is_under_way():
    assert found(12, 0x1000) == (0, 0)
    assert found(10, 0x1000) == (0, 0)
    assert found(11, 0x1000) == (0, 2)
    assert found(13, 0x1000) == (0, 2)


def test_it_is_to_that_address_and_of_any_processor():
    assert found(12, 0x3000) == (1, 0)
    assert found(13, 0x2000) == (0, 1)
    assert found(14, 0x2000) is None and found(9, 0x1000) is None and found(17, 0x1000) is None


def test_it_is_of_the_processor_that_is_asked_for():
    assert found(14, 0x1000, 1) == found(14, 0x1000, None) == (1, 1)
    assert found(14, 0x1000, 0) == (0, 2)
    assert found(12, 0x3000, 0) is None


def test_nothing_is_found_without_a_cycle_or_an_address():
    assert found(None, 0x1000) is None and found(12, None) is None


def test_a_unit_works_on_the_oldest_access_that_has_not_ended():
    assert [TRACES[0].linear_at(cycle) for cycle in (9, 10, 12, 13, 14, 16, 17)] == [
        None, 0x1000, 0x1000, 0x2000, 0x1000, 0x1000, None]
