"""Entries of page tables: filled, copied, cleared, used (Linux: mm/memory.c)."""
