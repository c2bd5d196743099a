"""Ways of making the machine run."""
