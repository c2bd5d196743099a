"""Report of the kernel's own mistakes.

Ref: Linux 6.12, kernel/panic.c, arch/x86/kernel/dumpstack.c.
"""


__all__ = ["KernelOops"]


class KernelOops(Exception):
    """The kernel did what it must not do; the task that it did it for cannot go on.

    Attributes
    ----------
    address : :class:`int`
        Linear address of the access; 0 if the exception has none.
    error_code : :class:`int`
        Error code of the exception.
    reason : :class:`str`
        Event, in the lines of the kernel log.
    stack : :class:`tuple` of :class:`str`
        Functions that were executing, outermost first.
    """

    def __init__(self, reason: str, address: int, error_code: int, stack: list[str]):
        self.reason     = reason
        self.address    = address
        self.error_code = error_code
        self.stack      = tuple(stack)
        super().__init__("\n".join([reason, "Call Trace:",
                                    *(f" {name}" for name in reversed(self.stack))]))
