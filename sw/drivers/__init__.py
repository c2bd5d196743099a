"""Drivers (Linux: drivers)."""
