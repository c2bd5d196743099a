"""The processor of this machine, by Linux's KVM.

Ref: Linux's Documentation/virt/kvm/api.rst, and its struct kvm_run, kvm_sregs and kvm_regs.
"""

import ctypes
import fcntl
import mmap
import os
import struct

from sim.errors import Unavailable

from .engine import StoppedError
from .image import CODE_SEGMENT, CR0, STACK_SEGMENT, entry_point, install
from .layout import GO, MEMORY, REGION, STACK, Mode
from .tables import home_root


__all__ = ["Kvm", "version"]


_DEVICE = "/dev/kvm"

_CREATE_VM, _GET_VCPU_MMAP_SIZE      = 0xae01, 0xae04
_CREATE_VCPU, _RUN                   = 0xae41, 0xae80
_GET_SUPPORTED_CPUID, _SET_CPUID2    = 0xc008_ae05, 0x4008_ae90
_SET_USER_MEMORY_REGION              = 0x4020_ae46
_SET_REGS, _GET_SREGS, _SET_SREGS    = 0x4090_ae82, 0x8138_ae83, 0x4138_ae84

_EXIT_IO = 2

#: Exits that end a guest, by number.
_EXITS = {6: "an access where it has no memory", 8: "a triple fault", 9: "a failed entry",
          17: "an instruction that KVM cannot emulate"}

#: Bytes and offsets in structures: special registers; where their CR0 is; in kvm_run the reason for
#: an exit.
_SREGS_BYTES, _CONTROL, _EXIT_REASON = 312, 224, 8

#: An entry of CPUID: function, index, flags, EAX to EDX, padding.
_LEAF, _LEAF_LIMIT = "<10I", 256

#: Of a processor whose manual our rules come from; some reserved bits depend on it.
_VENDOR = struct.unpack("<3I", b"GenuineIntel")

#: Functions of CPUID: features, EDX of which has Page1GB, and sizes of addresses in EAX.
_EXTENDED, _ADDRESS_SIZES = 0x8000_0001, 0x8000_0008

_PAGE1GB = 1 << 26


def version() -> str:
    """Return the name of the processor, and of the kernel whose KVM it is."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    modules = [name for name in ("kvm_intel", "kvm_amd", "kvm_pvm")
               if os.path.isdir(f"/sys/module/{name}")]
    return f"{names[0] if names else 'processor'}, Linux {os.uname().release}, {' '.join(modules)}"


class Kvm:
    """A :class:`.engine.Guest`.

    Raises :class:`sim.errors.Unavailable` where KVM is not, or not for us, and
    :class:`.engine.StoppedError` where it has not that mode.
    """

    def __init__(self, mode: Mode):
        self._fds: list[int] = []
        try:
            file = self._held(os.memfd_create("guest"))
            os.ftruncate(file, MEMORY)
            self.memory = mmap.mmap(file, MEMORY)
            self._start(mode)
        except (OSError, StoppedError) as error:
            self.close()
            if isinstance(error, OSError) and error.filename == _DEVICE:
                raise Unavailable(f"{_DEVICE}: {error.strerror}") from error
            raise StoppedError(str(error)) from error

    def close(self) -> None:
        """Give back all that the guest has."""
        for fd in reversed(self._fds):
            os.close(fd)
        self._fds.clear()

    def run(self) -> None:
        """Let the guest do its steps. Raises :class:`StoppedError`."""
        self.memory[REGION + GO] = 1
        self._until_port()

    def _start(self, mode: Mode) -> None:
        system = self._held(os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
        guest  = self._held(fcntl.ioctl(system, _CREATE_VM, 0))
        start  = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        fcntl.ioctl(guest, _SET_USER_MEMORY_REGION, struct.pack("<IIQQQ", 0, 0, 0, MEMORY, start))
        self._vcpu = self._held(fcntl.ioctl(guest, _CREATE_VCPU, 0))
        self._exit = mmap.mmap(self._vcpu, fcntl.ioctl(system, _GET_VCPU_MMAP_SIZE, 0))

        leaves = _leaves(system)
        fcntl.ioctl(self._vcpu, _SET_CPUID2, _cpuid(leaves))
        known           = {leaf[0]: leaf[3:7] for leaf in leaves}
        self.maxphyaddr = known[_ADDRESS_SIZES][0] & 0xff
        self.gibibyte_pages = bool(known[_EXTENDED][3] & _PAGE1GB)

        install(self.memory, mode)
        special = fcntl.ioctl(self._vcpu, _GET_SREGS, bytes(_SREGS_BYTES))
        fcntl.ioctl(self._vcpu, _SET_SREGS, _special_registers(mode, special))
        fcntl.ioctl(self._vcpu, _SET_REGS,
                    struct.pack("<18Q", *[0] * 6, mode.linear + STACK, *[0] * 9,
                                entry_point(mode), 2))
        self._until_port()

    def _held(self, fd: int) -> int:
        self._fds.append(fd)
        return fd

    def _until_port(self) -> None:
        while True:
            try:
                fcntl.ioctl(self._vcpu, _RUN, 0)
            except InterruptedError:
                continue
            reason, = struct.unpack_from("<I", self._exit, _EXIT_REASON)
            if reason == _EXIT_IO:
                return
            raise StoppedError(_EXITS.get(reason, f"exit {reason} of KVM"))


def _leaves(system: int) -> list[list[int]]:
    """Return what KVM can give a guest of this processor."""
    buffer = bytearray(struct.pack("<II", _LEAF_LIMIT, 0) + bytes(40 * _LEAF_LIMIT))
    fcntl.ioctl(system, _GET_SUPPORTED_CPUID, buffer)
    count, = struct.unpack_from("<I", buffer)
    return [list(struct.unpack_from(_LEAF, buffer, 8 + 40 * number)) for number in range(count)]


def _cpuid(leaves: list[list[int]]) -> bytearray:
    """Return the operand of KVM_SET_CPUID2 for all of ``leaves``, with Intel's name."""
    table = bytearray(struct.pack("<II", len(leaves), 0))
    for leaf in leaves:
        if leaf[0] == 0:
            leaf[4], leaf[6], leaf[5] = _VENDOR[0], _VENDOR[1], _VENDOR[2]
        table += struct.pack(_LEAF, *leaf)
    return table


def _special_registers(mode: Mode, before: bytes) -> bytearray:
    """Return kvm_sregs as at home; descriptor tables and the task are the guest's to load."""
    special = bytearray(before)
    code    = _segment(CODE_SEGMENT[0], 0xb, long=mode.long)
    data    = _segment(STACK_SEGMENT[0], 0x3, long=False)
    special[:6 * len(code)] = code + 5 * data
    struct.pack_into("<6Q", special, _CONTROL, CR0, 0, home_root(mode), mode.cr4, 0,
                     mode.efer)
    return special


def _segment(selector: int, kind: int, *, long: bool) -> bytes:
    """Flat segment: base, limit, selector, type, P, DPL, D/B, S, L, G, AVL, unusable, padding."""
    return struct.pack("<QIHBBBBBBBBBB", 0, 0xffff_ffff, selector, kind, 1, 0, not long, 1, long, 1,
                       0, 0, 0)
