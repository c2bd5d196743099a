"""Calls that move bytes between an open file and its caller's memory (Linux: fs/read_write.c)."""
