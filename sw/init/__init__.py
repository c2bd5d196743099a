"""Start of the kernel, up to its first process (Linux: init)."""
