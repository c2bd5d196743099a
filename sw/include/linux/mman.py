"""Arguments of mmap() and mprotect().

Ref: Linux 6.12, include/linux/mman.h, include/uapi/asm-generic/mman-common.h.
"""


__all__ = [
    "MAP_ANONYMOUS", "MAP_FIXED", "MAP_FIXED_NOREPLACE", "MAP_GROWSDOWN", "MAP_PRIVATE",
    "MAP_SHARED", "MAP_TYPE", "PROT_EXEC", "PROT_GROWSDOWN", "PROT_GROWSUP", "PROT_NONE",
    "PROT_READ", "PROT_WRITE",
]


PROT_NONE  = 0x0
PROT_READ  = 0x1
PROT_WRITE = 0x2
PROT_EXEC  = 0x4

PROT_GROWSDOWN = 0x0100_0000
PROT_GROWSUP   = 0x0200_0000

MAP_SHARED          = 0x01
MAP_PRIVATE         = 0x02
MAP_TYPE            = 0x0F
MAP_FIXED           = 0x10
MAP_ANONYMOUS       = 0x20
MAP_GROWSDOWN       = 0x0100
MAP_FIXED_NOREPLACE = 0x10_0000
