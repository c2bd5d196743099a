"""Ids, groups, limits and switches of a process (Linux: kernel/sys.c)."""
