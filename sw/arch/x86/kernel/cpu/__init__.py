"""Set-up of a processor's protections (Linux: arch/x86/kernel/cpu)."""
