"""The end of tasks, and waiting for it (Linux: kernel/exit.c)."""
