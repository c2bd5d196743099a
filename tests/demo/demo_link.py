"""The link of a board in the simulator, between a line and somebody who does the requests."""

import functools

from amaranth.sim import Simulator
from hw_support import PERIOD
from stream_support import put

from hw.demo.framing import SEGMENT
from hw.demo.link import Link
from hw.demo.protocol import ResponseKind

from .demo_support import CONNECT, responses_in, framed


__all__ = ["HELLO", "talk"]


#: Cycles between bytes on the line.
PACE = 10

#: Cycles without a byte after which nothing more is to come: there are some fourteen between two
#: bytes of a response.
QUIET = 8 * PACE


class User:
    """User of the link: responds as ``responses`` says, or else with the bytes of the request.

    Attributes
    ----------
    done : list of bytes
        Requests that were begun, in order, as far as they were read; CONNECT as such.
    strobes : :class:`int`
        How often the link said that there is something to do.
    quiet : :class:`int`
        Cycles since a byte last went anywhere.
    """

    def __init__(self, link, responses, *, slow=0):
        self.done     = []
        self.quiet    = 0
        self.strobes  = 0
        self._link    = link
        self._responses = responses
        self._slow    = slow

    async def run(self, ctx):
        """Testbench. Never returns."""
        connected, begun = False, False
        while True:
            if connected:
                self.done.append(CONNECT)
                connected, begun = await self._response(ctx, b"hello", ResponseKind.GREETING), False
            elif begun:
                connected, begun = await self._request(ctx), False
            else:
                connected, begun = await self._strobe(ctx)

    async def count(self, ctx):
        """Testbench: count strobes. Never returns."""
        while True:
            connected, begun = await self._strobe(ctx)
            self.strobes += connected + begun

    async def _strobe(self, ctx):
        """Wait for a cycle with a strobe, perhaps; return which of them it has."""
        connected, begun = self._link.connected, self._link.begun
        if not (ctx.get(connected) or ctx.get(begun)):
            await ctx.posedge(connected).posedge(begun)
        _, _, *strobes = await ctx.tick().sample(connected, begun)
        return strobes

    async def _request(self, ctx):
        """Do a request; return whether CONNECT interrupts it."""
        link, request = self._link, bytearray()
        self.done.append(request)
        ctx.set(link.request.ready, 1)
        while not ctx.get(link.end):
            _, _, valid, byte, connected = await ctx.tick().sample(
                link.request.valid, link.request.payload, link.connected)
            if connected:
                ctx.set(link.request.ready, 0)
                return True
            if valid:
                request.append(byte)
                self.quiet = 0
        ctx.set(link.request.ready, 0)
        return await self._response(ctx, *self._responses.get(
            bytes(request), (bytes(request), ResponseKind.ROWS)))

    async def _response(self, ctx, data, kind):
        """Respond; return true if CONNECT interrupts it."""
        link = self._link
        for stream, payload in [(link.response, byte) for byte in data] + [(link.finish, kind)]:
            ctx.set(stream.payload, payload)
            waited, taken, connected = 0, False, False
            while not (taken or connected):
                if waited == self._slow:
                    ctx.set(stream.valid, 1)
                if waited >= self._slow and not ctx.get(stream.ready | link.connected):
                    await ctx.posedge(stream.ready).posedge(link.connected)
                _, _, ready, connected = await ctx.tick().sample(stream.ready, link.connected)
                taken   = ready and waited >= self._slow
                waited += 1
            ctx.set(stream.valid, 0)
            self.quiet = 0
            if connected:
                return True
        return False


class LinkBench:
    """A :class:`hw.demo.link.Link` that is compiled once, and reset for every conversation."""

    def __init__(self, segment):
        self._link      = Link(segment)
        self._started   = False
        self._simulator = Simulator(self._link)
        self._simulator.add_clock(PERIOD)
        self._simulator.add_testbench(self._computer)
        for testbench in (self._do, self._count, self._listen, self._watchdog):
            self._simulator.add_testbench(testbench, background=True)

    def run(self, steps, *, responses, slow, found):
        """See :func:`talk`."""
        self._steps, self._slow, self._found = steps, slow, found
        self._user = User(self._link, responses, slow=slow)
        self._line, self._received = bytearray(), []
        if self._started:
            self._simulator.reset()
        self._started = True
        self._simulator.run()
        assert self._user.strobes == len(self._user.done)
        return self._received, self._user.done

    async def _computer(self, ctx):
        for step in self._steps:
            for data in (step,) if isinstance(step, bytes) else step:
                for byte in data:
                    await put(ctx, self._link.received, byte)
                    # To the middle of a cycle, so that the next edge takes the next byte.
                    await ctx.delay((PACE - 0.5) * PERIOD)
            self._user.quiet = 0
            while self._user.quiet < QUIET + self._slow:
                self._user.quiet += PACE
                await ctx.delay(PACE * PERIOD)
            self._received.append(self._found(bytes(self._line)))
            self._line.clear()

    async def _do(self, ctx):
        await self._user.run(ctx)

    async def _count(self, ctx):
        await self._user.count(ctx)

    async def _listen(self, ctx):
        sent = self._link.sent
        ctx.set(sent.ready, 1)
        while True:
            if not ctx.get(sent.valid):
                await ctx.posedge(sent.valid)
            _, _, valid, byte = await ctx.tick().sample(sent.valid, sent.payload)
            if valid:
                self._line.append(byte)
                self._user.quiet = 0

    async def _watchdog(self, ctx):
        await ctx.delay(400_000 * PERIOD)
        raise TimeoutError("steps still not done after 400,000 cycles")


@functools.cache
def _bench(segment):
    return LinkBench(segment)


def talk(*steps, responses=None, slow=0, found=responses_in, segment=SEGMENT):
    """Send each of ``steps`` and wait until the line is quiet; return responses and done requests.

    A step is bytes, or a sequence of these, which do not wait for each other. ``found`` finds
    responses in what has come. ``segment`` are the bytes of a segment.
    """
    return _bench(segment).run(steps, responses=responses or {}, slow=slow, found=found)


#: Request 0, which connects.
HELLO = framed(0, CONNECT)
