"""Stories that come with the project; see :mod:`sim.scenario` for what one is."""
