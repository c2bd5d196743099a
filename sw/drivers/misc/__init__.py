"""Drivers of no class (Linux: drivers/misc)."""
