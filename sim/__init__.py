"""Ties the machine and the kernel together: engines, scenarios, waves, reports, oracles."""
