"""Locks between processors that take turns at each bus operation."""

from types import SimpleNamespace

import pytest

from sw.kernel.locking.rwsem import (
    down_read, down_write, downgrade_write, rw_semaphore, up_read, up_write,
)
from sw.kernel.locking.spinlock import spin_lock, spin_unlock, spinlock_t


class Turn:
    """One bus operation: the processor waits for its turn."""

    def __await__(self):
        yield


def processor() -> SimpleNamespace:
    """Make something that a waiting loop can spend time on."""
    async def pause():
        await Turn()

    return SimpleNamespace(pause=pause)


def runs_through(coroutine) -> bool:
    """True if it ends without waiting."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    coroutine.close()
    return False


def test_a_spin_lock_has_one_holder():
    one, two, lock = processor(), processor(), spinlock_t()
    assert runs_through(spin_lock(one, lock))
    waiting = spin_lock(two, lock)
    waiting.send(None)
    waiting.send(None)
    spin_unlock(one, lock)
    with pytest.raises(StopIteration):
        waiting.send(None)
    assert lock.holder is two


def test_a_deadlock_with_oneself_is_a_bug():
    one, lock, sem = processor(), spinlock_t(), rw_semaphore()
    assert runs_through(spin_lock(one, lock))
    with pytest.raises(AssertionError, match="recursion"):
        runs_through(spin_lock(one, lock))
    assert runs_through(down_write(one, sem))
    for take in (down_read, down_write):
        with pytest.raises(AssertionError, match="BUG"):
            runs_through(take(one, sem))


@pytest.mark.parametrize("held, wanted, waits", [
    (down_read,  down_read,  False),
    (down_read,  down_write, True),
    (down_write, down_read,  True),
    (down_write, down_write, True),
])
def test_many_readers_or_one_writer(held, wanted, waits):
    one, two, sem = processor(), processor(), rw_semaphore()
    assert runs_through(held(one, sem))
    waiting = wanted(two, sem)
    if not waits:
        assert runs_through(waiting)
        return
    waiting.send(None)
    (up_read if held is down_read else up_write)(one, sem)
    with pytest.raises(StopIteration):
        waiting.send(None)


def test_a_downgraded_writer_is_a_reader():
    one, two, sem = processor(), processor(), rw_semaphore()
    assert runs_through(down_write(one, sem))
    downgrade_write(one, sem)
    assert runs_through(down_read(two, sem))
    assert not runs_through(down_write(processor(), sem))


@pytest.mark.parametrize("release", [spin_unlock, up_read, up_write])
def test_only_the_holder_gives_a_lock_back(release):
    lock = spinlock_t() if release is spin_unlock else rw_semaphore()
    with pytest.raises(AssertionError, match="BUG"):
        release(processor(), lock)
