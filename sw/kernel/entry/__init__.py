"""What all architectures do on the way to a program (Linux: kernel/entry)."""
