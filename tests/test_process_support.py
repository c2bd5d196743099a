"""The children of tests: none stands still because nobody listens, and none stays behind."""

import signal
import sys

import pytest
from process_support import Child, awaited, ended


#: More than a pipe holds (64 KiB), and far more than a terminal does (4 KiB).
MUCH = 1_000_000


def python(program, **parameters):
    return Child(sys.executable, "-c", program, **parameters)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_child_that_says_much_before_what_is_awaited_goes_on(terminal):
    program = f"import sys; sys.stderr.write('x' * {MUCH}); print('done')"
    with python(program, terminal=terminal) as child:
        assert child.line() == "done"
        assert child.wait() == 0
        assert child.err == b"x" * MUCH


def test_a_child_that_ends_too_soon_is_a_failure_with_its_words():
    with (python("import sys; sys.exit('not today')") as child,
          pytest.raises(AssertionError, match="not today")):
        child.line()


def test_nothing_of_a_child_stays_when_its_test_fails():
    program = ("import os, time; child = os.fork()\n"
               "if child: print(child, flush=True)\n"
               "time.sleep(1000)")
    with pytest.raises(ZeroDivisionError), python(program) as child:
        grandchild = int(child.line())
        raise ZeroDivisionError

    assert child.returncode == -signal.SIGKILL
    assert awaited(lambda: ended(grandchild))


def test_a_wait_has_an_end():
    def never():
        """what never comes"""

    with pytest.raises(TimeoutError, match="what never comes: not within 0.1 seconds"):
        awaited(never, seconds=0.1)
