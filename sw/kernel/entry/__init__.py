"""Way back to a program, on all architectures (Linux: kernel/entry)."""
