"""Security modules (Linux: security)."""
