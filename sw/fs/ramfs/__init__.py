"""Files that live in the page cache only (Linux: fs/ramfs)."""
