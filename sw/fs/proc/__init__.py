"""Files that show processes (Linux: fs/proc)."""
