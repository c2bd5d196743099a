"""Files of huge pages from the pool."""
