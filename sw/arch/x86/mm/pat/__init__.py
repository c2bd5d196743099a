"""Attributes of the kernel's own pages (Linux: arch/x86/mm/pat)."""
