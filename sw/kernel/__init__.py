"""Tasks and system calls (Linux: kernel)."""
