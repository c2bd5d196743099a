"""The kernel watching itself (Linux: kernel/trace)."""
