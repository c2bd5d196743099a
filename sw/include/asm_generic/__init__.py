"""What most architectures have alike (Linux: include/asm-generic)."""
