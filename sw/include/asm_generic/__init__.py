"""Small functions that most architectures share (Linux: include/asm-generic)."""
