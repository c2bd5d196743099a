"""Files (Linux: fs)."""
