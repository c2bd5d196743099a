"""Locks between processors (Linux: kernel/locking)."""
