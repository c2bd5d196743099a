"""QEMU's processor, in software (TCG).

Ref: Multiboot Specification 0.6.96, section 3.1; QEMU's manual page.
"""

import ctypes
import mmap
import os
import shutil
import signal
import struct
import subprocess
import time

from sim.errors import Unavailable

from .engine import StoppedError
from .image import CODE_SEGMENT, entry_point, install
from .layout import GDT, GO, MEMORY, REGION, Mode


__all__ = ["BOOT_CODE", "Qemu", "version"]


_PROGRAM = "qemu-system-x86_64"

#: What the assembler makes of boot.S.
BOOT_CODE = bytes.fromhex("""
    02b0ad1b00000100fe4f51e4000010000000100000021000000000002400100063006900faf390833d000110
    000074f50f011508011000a19033007c0f22e0b9800000c0a19833007c31d20f30a18833007c0f22d8a18033
    007c0f22c0ff2d10011000ff2518011000b818011000ff20
""")

#: Where it is loaded, how long its file is, and what follows the code in memory.
_BOOT, _BOOT_BYTES                 = 0x10_0000, 0x200
_BOOT_GO, _GDTR, _FAR, _ENTRY      = 0x100, 0x108, 0x110, 0x118

#: Offset of the offsets of the two ways on.
_WAYS = 32

#: All of a PC's firmware is below the first address, and at the end of memory.
_FIRMWARE_END, _FIRMWARE_AT_END = 0xa_0000, 0x20_0000

#: Seconds that starting, and doing all steps, may take.
_PATIENCE = 30

#: An option of prctl().
_PR_SET_PDEATHSIG = 1

#: Bits of a physical address that TCG's processors have.
_PHYSICAL_BITS = 40


def version() -> str:
    """Return what QEMU says of itself. Raises :class:`sim.errors.Unavailable`."""
    found = subprocess.run([_program(), "--version"], capture_output=True, check=False,
                           encoding="utf-8", errors="replace")
    return found.stdout.partition("\n")[0]


def _program() -> str:
    program = shutil.which(_PROGRAM)
    if program is None:
        raise Unavailable(f"{_PROGRAM} is not installed (Debian: qemu-system-x86)")
    return program


class Qemu:
    """A :class:`.engine.Guest`.

    Raises :class:`sim.errors.Unavailable` where QEMU is not.
    """

    maxphyaddr     = _PHYSICAL_BITS
    gibibyte_pages = True

    def __init__(self, mode: Mode):
        program = _program()
        files = [os.memfd_create("memory"), os.memfd_create("boot")]
        try:
            os.ftruncate(files[0], MEMORY)
            os.write(files[1], BOOT_CODE.ljust(_BOOT_BYTES, b"\0"))
            self.memory   = mmap.mmap(files[0], MEMORY)
            self._process = _started(program, *files)
        finally:
            for file in files:
                os.close(file)
        try:
            self._begin(mode)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def run(self) -> None:
        """Let the guest do its steps. Raises :class:`.engine.StoppedError`.

        At other times the process stands still: it would but wait for the next.
        """
        self.memory[REGION + GO] = 1
        self._process.send_signal(signal.SIGCONT)
        self._wait_for(REGION + GO, 0)
        self._process.send_signal(signal.SIGSTOP)

    def _begin(self, mode: Mode) -> None:
        """Put the guest into memory once the machine has booted, and let it come home."""
        self._wait_for(_BOOT, BOOT_CODE[0])
        self.memory[:_FIRMWARE_END] = bytes(_FIRMWARE_END)
        self.memory[MEMORY - _FIRMWARE_AT_END:] = bytes(_FIRMWARE_AT_END)
        install(self.memory, mode)
        way, = struct.unpack_from("<H", BOOT_CODE, _WAYS + 2 * mode.long)
        struct.pack_into("<HI", self.memory, _BOOT + _GDTR, 0x37, REGION + GDT)
        struct.pack_into("<IH", self.memory, _BOOT + _FAR, _BOOT + way, CODE_SEGMENT[0])
        struct.pack_into("<Q", self.memory, _BOOT + _ENTRY, entry_point(mode))
        self.memory[REGION + GO] = 1
        self.memory[_BOOT + _BOOT_GO] = 1
        self._wait_for(REGION + GO, 0)
        self.memory[_BOOT:_BOOT + _BOOT_BYTES] = bytes(_BOOT_BYTES)
        self._process.send_signal(signal.SIGSTOP)

    def _wait_for(self, address: int, value: int) -> None:
        end = time.monotonic() + _PATIENCE
        while self.memory[address] != value:
            if self._process.poll() is not None:
                raise StoppedError("a triple fault")
            if time.monotonic() > end:
                raise StoppedError("it does not respond")
            time.sleep(0.0002)


def _end_with_parent() -> None:
    """Have Linux kill this process when the one that started it is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _started(program: str, memory: int, boot: int) -> "subprocess.Popen[bytes]":
    """Start the machine with its memory, and what it boots, in files of these descriptors."""
    return subprocess.Popen(
        [program, "-accel", "tcg", "-cpu", "max,vendor=GenuineIntel",
         "-machine", "pc,memory-backend=memory", "-m", f"{MEMORY >> 20}M",
         "-object", f"memory-backend-file,id=memory,size={MEMORY},share=on,"
                    f"mem-path=/proc/self/fd/{memory}",
         "-kernel", f"/proc/self/fd/{boot}",
         "-nodefaults", "-display", "none", "-no-reboot"],
        preexec_fn=_end_with_parent,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=[memory, boot])
