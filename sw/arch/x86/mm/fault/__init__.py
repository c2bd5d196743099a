"""Page faults (Linux: arch/x86/mm/fault.c)."""
