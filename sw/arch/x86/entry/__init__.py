"""Ways into the kernel, and back to the program (Linux: arch/x86/entry)."""
