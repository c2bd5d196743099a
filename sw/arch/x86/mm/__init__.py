"""Page tables, TLB and page faults (Linux: arch/x86/mm)."""
