"""The x86 processor family."""
