"""Bytes that go through a pipe without being copied (Linux: fs/splice.c)."""
