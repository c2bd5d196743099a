"""Tasks, and how processors come by them (Linux: kernel/sched)."""
