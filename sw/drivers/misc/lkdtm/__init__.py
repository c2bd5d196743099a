"""Kernel code that does wrong on purpose (Linux: drivers/misc/lkdtm)."""
