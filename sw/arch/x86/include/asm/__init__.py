"""Types and small functions of x86 (Linux: arch/x86/include/asm)."""
