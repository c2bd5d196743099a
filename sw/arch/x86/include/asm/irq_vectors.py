"""Vectors of the interrupts between processors.

Ref: Linux 6.12, arch/x86/include/asm/irq_vectors.h.
"""


__all__ = ["CALL_FUNCTION_VECTOR", "RESCHEDULE_VECTOR", "STARTUP_VECTOR"]


RESCHEDULE_VECTOR    = 0xFD
CALL_FUNCTION_VECTOR = 0xFC

#: Starts a processor that waits after reset. In a real machine this interrupt (SIPI) is of a kind
#: of its own, and names the page with the first instruction.
STARTUP_VECTOR = 0xF0
