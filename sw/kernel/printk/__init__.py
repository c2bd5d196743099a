"""The kernel's log (Linux: kernel/printk)."""
