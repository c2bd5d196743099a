"""Files opened, given another size, closed (Linux: fs/open.c)."""
