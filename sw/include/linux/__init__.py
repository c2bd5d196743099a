"""Types and small functions that all parts share (Linux: include/linux)."""
