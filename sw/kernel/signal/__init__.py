"""Signals (Linux: kernel/signal.c)."""
