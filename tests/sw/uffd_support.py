"""Programs with a userfaultfd."""

from sw.arch.x86.entry.syscalls.syscall_64 import NR_ioctl, NR_userfaultfd
from sw.include.linux.userfaultfd import (
    UFFD_API, UFFD_FEATURE_MINOR_SHMEM, UFFD_FEATURE_SIGBUS, UFFD_USER_MODE_ONLY, UFFDIO_API,
    UFFDIO_CONTINUE, UFFDIO_REGISTER, UFFDIO_REGISTER_MODE_MINOR, UFFDIO_UNREGISTER,
)
from sw.user import User


__all__ = ["FEATURES", "Uffd"]


FEATURES = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MINOR_SHMEM


class Uffd:
    """A descriptor of ``user``, and memory for the structures of its commands."""

    def __init__(self, user: User, fd: int, arg: int) -> None:
        self.user, self.fd, self.arg = user, fd, arg

    @classmethod
    async def open(cls, user: User, flags: int = UFFD_USER_MODE_ONLY) -> "Uffd":
        """Make one that nothing was agreed on yet."""
        return cls(user, await user.syscall(NR_userfaultfd, flags), await user.mmap(4096))

    async def ioctl(self, cmd: int, *numbers: int) -> tuple[int, ...]:
        """Do a command with a structure of ``numbers``; return what they are then."""
        for index, number in enumerate(numbers):
            await self.user.store(self.arg + 8 * index, number)
        await self.user.syscall(NR_ioctl, self.fd, cmd, self.arg)
        return await self.structure(len(numbers))

    async def structure(self, count: int) -> tuple[int, ...]:
        """Return the numbers of the last command's structure."""
        return tuple([await self.user.load(self.arg + 8 * index) for index in range(count)])

    async def api(self, features: int = FEATURES) -> tuple[int, ...]:
        """Agree on features."""
        return await self.ioctl(UFFDIO_API, UFFD_API, features, 0)

    async def register(self, at: int, length: int,
                       mode: int = UFFDIO_REGISTER_MODE_MINOR) -> tuple[int, ...]:
        """Register a range."""
        return await self.ioctl(UFFDIO_REGISTER, at, length, mode, 0)

    async def unregister(self, at: int, length: int) -> None:
        """Take a range back."""
        await self.ioctl(UFFDIO_UNREGISTER, at, length)

    async def go_on(self, at: int, length: int = 4096, mode: int = 0) -> int:
        """Map pages that the file has; return the bytes (UFFDIO_CONTINUE)."""
        return (await self.ioctl(UFFDIO_CONTINUE, at, length, mode, 0))[3]
