"""Advice of programs about their memory (Linux: mm/madvise.c)."""
