"""Devices that are read and written byte by byte (Linux: drivers/char)."""
