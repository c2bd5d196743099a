"""Huge pages that the kernel gives to anonymous memory by itself (Linux: mm/huge_memory.c)."""
