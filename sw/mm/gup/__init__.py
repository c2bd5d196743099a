"""Pages of processes, for the kernel to use (Linux: mm/gup.c)."""
