"""Memory management (Linux: mm)."""
