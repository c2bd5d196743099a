"""Files that live in the page cache alone (Linux: fs/ramfs)."""
