"""What the kernel does before its first process."""
