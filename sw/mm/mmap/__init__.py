"""Mappings of an address space: made, grown, removed (Linux: mm/mmap.c)."""
