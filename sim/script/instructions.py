"""The few instructions that a script's program may have written for itself, executed in the model.

Ref: Intel SDM Vol. 2, MOV, NOP, RET, INT3.
"""

from sw.user import User

from .host import NotKnown


__all__ = ["execute"]


_MOV_EAX, _NOP, _RET, _INT3 = 0xB8, 0x90, 0xC3, 0xCC

#: Most instructions of a function, which has no jumps.
_MOST = 64


async def execute(user: User, address: int) -> int:
    """Call a function; return RAX. Raises :class:`.host.NotKnown` for other instructions."""
    value = 0
    for _ in range(_MOST):
        opcode = await user.fetch(address)
        address += 1
        if opcode == _MOV_EAX:
            value    = await user.fetch(address, 4)
            address += 4
        elif opcode == _RET:
            return value
        elif opcode == _INT3:
            await user.int3()
        elif opcode != _NOP:
            break
    raise NotKnown(f"the instruction at {address - 1:#x}")
