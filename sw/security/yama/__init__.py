"""Yama: processes kept from tracing each other (Linux: security/yama)."""
