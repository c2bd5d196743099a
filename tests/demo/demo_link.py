"""The link of a board in the simulator, between a line and somebody who does the requests."""

from hw_support import simulate
from stream_support import get, idle, put

from hw.demo.link import Link
from hw.demo.protocol import ResponseKind

from .demo_support import CONNECT, responses_in, framed


__all__ = ["HELLO", "User", "talk"]


#: Cycles between bytes on the line.
PACE = 10


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
                _, _, connected, begun = await ctx.tick().sample(
                    self._link.connected, self._link.begun)

    async def count(self, ctx):
        """Testbench: count strobes. Never returns."""
        while True:
            _, _, connected, begun = await ctx.tick().sample(
                self._link.connected, self._link.begun)
            self.strobes += connected + begun

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
                ctx.set(stream.valid, waited >= self._slow)
                _, _, ready, connected = await ctx.tick().sample(stream.ready, link.connected)
                taken   = ready and waited >= self._slow
                waited += 1
            ctx.set(stream.valid, 0)
            self.quiet = 0
            if connected:
                return True
        return False


def talk(*steps, responses=None, slow=0, found=responses_in, deadline=400_000):
    """Send each of ``steps`` and wait until the line is quiet; return responses and done requests.

    A step is bytes, or a sequence of these, which do not wait for each other. ``found`` finds
    responses in what has come.
    """
    link = Link()
    user = User(link, responses or {}, slow=slow)
    line, received = bytearray(), []

    async def computer(ctx):
        for step in steps:
            for data in (step,) if isinstance(step, bytes) else step:
                for byte in data:
                    await put(ctx, link.received, byte)
                    await idle(ctx, PACE - 1)
            user.quiet = 0
            while user.quiet < 20 * PACE + slow:
                user.quiet += 1
                await ctx.tick()
            received.append(found(bytes(line)))
            line.clear()

    async def listen(ctx):
        while True:
            line.append(await get(ctx, link.sent))
            user.quiet = 0

    simulate(link, computer, background=(user.run, user.count, listen), deadline=deadline)
    assert user.strobes == len(user.done)
    return received, user.done


#: Request 0, which connects.
HELLO = framed(0, CONNECT)
