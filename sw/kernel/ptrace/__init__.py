"""Looking into other tasks, and tracing them (Linux: kernel/ptrace.c)."""
