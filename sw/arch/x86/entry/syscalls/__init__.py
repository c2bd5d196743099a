"""The table of system calls (Linux: arch/x86/entry/syscalls)."""
