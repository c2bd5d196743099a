"""What a kind of processor needs (Linux: arch/x86/kernel/cpu)."""
