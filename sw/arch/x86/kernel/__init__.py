"""The processor, and how it starts (Linux: arch/x86/kernel)."""
