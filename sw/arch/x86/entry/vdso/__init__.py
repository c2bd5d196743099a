"""Code and data that the kernel maps into every process (Linux: arch/x86/entry/vdso)."""
