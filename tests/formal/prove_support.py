"""`dragoncage prove` here, of properties that a test has made."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from amaranth.hdl import Elaboratable, Module, Signal

from hw.layout import AccessKind
from sim.explore.pool import Pool
from sim.proofs.proof import Sentence, Subject, prove
from sim.proofs.property import Method, Property


__all__ = ["few", "pool_of_one"]


@contextmanager
def pool_of_one(jobs=1):
    """A pool whose one worker is a thread."""
    with ThreadPoolExecutor(1) as executor:
        yield Pool(iter([executor]), 1)


class Counter(Elaboratable):
    """Counts up, and knows the kind of an access."""

    def __init__(self):
        self.up, self.count, self.kind = Signal(), Signal(8), Signal(AccessKind)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.count.eq(self.count + self.up)
        return m


def prove_few(cycles):
    """Try to prove that a counter counts to 1 at most."""
    counter = Counter()
    prove(Subject(inputs=[counter.up, counter.kind], part=counter,
                  given=counter.kind == AccessKind.FETCH,
                  fields={"up": counter.up, "the count": counter.count,
                          "kind": (counter.kind, AccessKind)}),
          [Sentence("test", "few", counter.up | ~counter.up, counter.count < 2)], cycles=cycles)


#: A property that is true of two cycles, and of no more.
few = Property(name="few", block="tests.formal", source="test",
               says="a counter counts to 1 at most", method=Method.BOUNDED, depth=2, units=("one",),
               prove=lambda unit, depth: prove_few(depth))
