"""Copies that many parts of the kernel need (Linux: lib)."""
