"""Access to user memory (Linux: arch/x86/lib)."""
