"""Requests and answers: done once, however often they are sent, and whatever gets lost."""

import random

from demo_support import CONNECT, CONTINUE, framed, unframed
from hw_support import simulate

from hw.demo.link import AnswerKind, Link
from sim.ports import get, idle, put


GREETING, ROWS, MORE, COUNTERS, NONSENSE = range(1, 6)

#: Cycles between octets on the line.
PACE = 5


class User:
    """Whoever does the requests: answers with what ``answers`` has for one, or with its own octets.

    Attributes
    ----------
    done : list of bytes
        Requests that were begun, in order, as far as they were read; CONNECT as such.
    strobes : :class:`int`
        How often the link said that there is something to do.
    quiet : :class:`int`
        Cycles since an octet last went anywhere.
    """

    def __init__(self, link, answers, *, slow=0):
        self.done     = []
        self.quiet    = 0
        self.strobes  = 0
        self._link    = link
        self._answers = answers
        self._slow    = slow

    async def run(self, ctx):
        """Testbench. Never returns."""
        connected, begun = False, False
        while True:
            if connected:
                self.done.append(CONNECT)
                connected, begun = await self._answer(ctx, b"hello", AnswerKind.GREETING), False
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
            _, _, valid, octet, connected = await ctx.tick().sample(
                link.request.valid, link.request.payload, link.connected)
            if connected:
                ctx.set(link.request.ready, 0)
                return True
            if valid:
                request.append(octet)
                self.quiet = 0
        ctx.set(link.request.ready, 0)
        return await self._answer(ctx, *self._answers.get(
            bytes(request), (bytes(request), AnswerKind.ROWS)))

    async def _answer(self, ctx, octets, kind):
        """Answer; return whether CONNECT interrupts it."""
        link = self._link
        for stream, payload in [(link.answer, octet) for octet in octets] + [(link.finish, kind)]:
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


def talk(*steps, answers=None, slow=0, deadline=200_000):
    """Send each of ``steps`` and wait until the line is quiet; return what was answered and done.

    A step is octets, or a tuple of these, which do not wait for each other.
    """
    link = Link()
    user = User(link, answers or {}, slow=slow)
    line, answered = bytearray(), []

    async def computer(ctx):
        for step in steps:
            for octets in step if isinstance(step, tuple) else (step,):
                for octet in octets:
                    await put(ctx, link.received, octet)
                    await idle(ctx, PACE - 1)
            user.quiet = 0
            while user.quiet < 10 * PACE + slow:
                user.quiet += 1
                await ctx.tick()
            answered.append(unframed(bytes(line)))
            line.clear()

    async def listen(ctx):
        while True:
            line.append(await get(ctx, link.sent))
            user.quiet = 0
            await idle(ctx, PACE - 1)

    simulate(link, computer, background=(user.run, user.count, listen), deadline=deadline)
    assert user.strobes == len(user.done)
    return answered, user.done


HELLO = framed(0, CONNECT)


def test_nothing_is_done_before_somebody_connects():
    answered, done = talk(framed(0, b"a"), framed(1, b"b"), framed(255, b""), HELLO)
    assert done == [CONNECT]
    assert answered == [[], [], [], [(0, b"\x01hello")]]


def test_requests_are_done_in_turn():
    answered, done = talk(HELLO, framed(1, b"one"), framed(2, b""), framed(3, b"\x7e\x7d"))
    assert done == [CONNECT, b"one", b"", b"\x7e\x7d"]
    assert answered == [[(0, b"\x01hello")], [(1, b"\x02one")], [(2, b"\x02")],
                        [(3, b"\x02\x7e\x7d")]]


def test_numbers_go_on_from_that_of_connect_and_wrap():
    answered, done = talk(framed(254, CONNECT), framed(255, b"a"), framed(0, b"b"), framed(1, b"c"))
    assert done == [CONNECT, b"a", b"b", b"c"]
    assert [number for [(number, _)] in answered] == [254, 255, 0, 1]


def test_the_same_request_again_has_the_same_answer_and_does_nothing():
    answered, done = talk(HELLO, framed(1, b"one"), framed(1, b"one"), framed(1, b"one"),
                          framed(2, b"two"))
    assert done == [CONNECT, b"one", b"two"]
    assert answered[1:4] == [[(1, b"\x02one")]] * 3
    assert answered[4] == [(2, b"\x02two")]


def test_only_the_number_says_what_is_the_same():
    answered, done = talk(HELLO, framed(1, b"one"), framed(1, b"other"), framed(1, b""))
    assert done == [CONNECT, b"one"]
    assert answered[1:] == [[(1, b"\x02one")]] * 3


def test_other_numbers_are_dropped():
    for number in (0, 3, 4, 129, 255):
        answered, done = talk(HELLO, framed(1, b"a"), framed(number, b"x"), framed(2, b"b"))
        assert done == [CONNECT, b"a", b"b"]
        assert answered[2] == []


def test_connect_is_done_whenever_it_comes():
    answered, done = talk(HELLO, HELLO, framed(1, b"a"), framed(77, CONNECT), framed(78, b"b"),
                          framed(78, CONNECT), framed(79, b"c"))
    assert done == [CONNECT, CONNECT, b"a", CONNECT, b"b", CONNECT, b"c"]
    assert [number for [(number, _)] in answered] == [0, 0, 1, 77, 78, 78, 79]


def test_connect_interrupts_a_request():
    # Slow enough that its answer is not complete when the other frame has come.
    answered, done = talk(HELLO, (framed(1, b"q"), framed(9, CONNECT)), framed(10, b"b"),
                          answers={b"q": (b"x" * 40, AnswerKind.ROWS)}, slow=20)
    assert done == [CONNECT, b"q", CONNECT, b"b"]
    assert answered[1:] == [[(9, b"\x01hello")], [(10, b"\x02b")]]


def test_connect_interrupts_a_request_that_is_read():
    answered, done = talk(HELLO, (framed(1, b"a" * 400), framed(9, CONNECT)), framed(10, b"b"))
    assert done == [CONNECT, done[1], CONNECT, b"b"]
    assert b"a" * 400 != done[1] == b"a" * len(done[1])
    assert answered[1:] == [[(9, b"\x01hello")], [(10, b"\x02b")]]


def test_a_request_that_comes_while_another_is_done_is_dropped():
    answered, done = talk(HELLO, (framed(1, b"a" * 40), framed(2, b"early")), framed(2, b"late"),
                          slow=20)
    assert done == [CONNECT, b"a" * 40, b"late"]
    assert answered[1:] == [[(1, b"\x02" + b"a" * 40)], [(2, b"\x02late")]]


def test_a_request_that_comes_while_an_answer_is_sent_is_dropped():
    # The first of them begins before the answer is out, and ends after it.
    long = {b"q": (b"x" * 60, AnswerKind.ROWS)}
    for size in (1, 50, 56, 60, 64, 70, 120):
        answered, done = talk(HELLO, (framed(1, b"q"), framed(2, b"b" * size)),
                              framed(2, b"c" * size), framed(3, b"d"), answers=long)
        assert answered[1] == [(1, b"\x02" + b"x" * 60)]
        assert done == [CONNECT, b"q", b"c" * size, b"d"]


def test_frames_that_share_a_flag_are_no_different():
    # When the flag comes nothing is done yet; the octets after it come while something is.
    for size in (1, 20, 60, 100, 400):
        early = framed(2, b"b" * size)[1:]
        answered, done = talk(HELLO, framed(1, b"a" * 20) + early, framed(2, b"c"),
                              framed(3, b"d"), slow=6)
        assert done == [CONNECT, b"a" * 20, b"c", b"d"]
        assert answered[1:] == [[(1, b"\x02" + b"a" * 20)], [(2, b"\x02c")], [(3, b"\x02d")]]


def test_an_empty_request_after_connect_is_another():
    answered, done = talk(HELLO, framed(1, b""), framed(2, b""))
    assert done == [CONNECT, b"", b""]


def test_duplicates_in_a_row_do_nothing_twice():
    answered, done = talk(HELLO, (framed(1, b"a"),) * 4, (framed(2, b"b"),) * 3)
    assert done == [CONNECT, b"a", b"b"]
    assert set(answered[1]) == {(1, b"\x02a")}
    assert set(answered[2]) == {(2, b"\x02b")}


def test_what_is_not_whole_is_dropped():
    answered, done = talk(
        HELLO, framed(1, b"a", crc=1), framed(1, b"a", length=2), framed(1, b"a" * 1025),
        framed(1, b"a")[:-3] + b"\x7e", framed(9, CONNECT, crc=1), framed(1, b"b"))
    assert done == [CONNECT, b"b"]
    assert answered[1:] == [[], [], [], [], [], [(1, b"\x02b")]]


def test_a_broken_frame_leaves_the_answer_of_the_last_request_alone():
    answered, done = talk(HELLO, framed(1, b"a" * 30), framed(2, b"b" * 60, crc=1),
                          framed(1, b"a" * 30))
    assert done == [CONNECT, b"a" * 30]
    assert answered == [[(0, b"\x01hello")], [(1, b"\x02" + b"a" * 30)], [],
                        [(1, b"\x02" + b"a" * 30)]]


def test_the_longest_request_and_the_longest_answer():
    chance  = random.Random(3)
    longest = bytes(chance.randrange(256) for _ in range(1024)).replace(b"\x01", b"\x02")
    answered, done = talk(HELLO, framed(1, longest), framed(2, b"q"),
                          answers={longest: (b"!", AnswerKind.ROWS),
                                   b"q": (longest[:1023], AnswerKind.ROWS)})
    assert done == [CONNECT, longest, b"q"]
    assert answered[1:] == [[(1, b"\x02!")], [(2, b"\x02" + longest[:1023])]]


ANSWER = bytes(random.Random(4).randrange(256) for _ in range(2500))
LONG   = {b"q": (ANSWER, AnswerKind.NONSENSE)}
PARTS  = [b"\x03" + ANSWER[:1023], b"\x03" + ANSWER[1023:2046], b"\x05" + ANSWER[2046:]]


def test_an_answer_that_is_too_long_comes_in_parts():
    answered, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE), framed(3, CONTINUE),
                          framed(4, b"b"), answers=LONG)
    assert done == [CONNECT, b"q", b"b"]
    assert answered[1:] == [[(1, PARTS[0])], [(2, PARTS[1])], [(3, PARTS[2])], [(4, b"\x02b")]]


def test_one_octet_too_many_makes_two_parts():
    answered, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE),
                          answers={b"q": (ANSWER[:1024], AnswerKind.ROWS)})
    assert answered[1:] == [[(1, b"\x03" + ANSWER[:1023])], [(2, b"\x02" + ANSWER[1023:1024])]]
    assert done == [CONNECT, b"q"]


def test_each_part_is_sent_again_until_the_next_is_asked_for():
    answered, done = talk(HELLO, framed(1, b"q"), framed(1, b"q"), framed(2, CONTINUE),
                          framed(2, CONTINUE), framed(3, CONTINUE), framed(3, CONTINUE),
                          answers=LONG)
    assert done == [CONNECT, b"q"]
    assert answered[1:] == [[(number, PARTS[number - 1])] for number in (1, 1, 2, 2, 3, 3)]


def test_other_numbers_do_not_go_on():
    answered, done = talk(HELLO, framed(1, b"q"), framed(3, CONTINUE), framed(0, CONTINUE),
                          framed(2, CONTINUE), answers=LONG)
    assert done == [CONNECT, b"q"]
    assert answered[1:] == [[(1, PARTS[0])], [], [], [(2, PARTS[1])]]


def test_connect_ends_an_answer_in_parts():
    answered, done = talk(HELLO, framed(1, b"q"), framed(2, CONTINUE), framed(40, CONNECT),
                          framed(41, b"b"), answers=LONG)
    assert done == [CONNECT, b"q", CONNECT, b"b"]
    assert answered[3:] == [[(40, b"\x01hello")], [(41, b"\x02b")]]


def test_anything_else_under_the_next_number_goes_on_too():
    # The board cannot do it: the request before is not done.
    answered, done = talk(HELLO, framed(1, b"q"), framed(2, b"other"), answers=LONG)
    assert done == [CONNECT, b"q"]
    assert answered[2] == [(2, PARTS[1])]
