"""Making tasks and address spaces (Linux: kernel/fork.c)."""
