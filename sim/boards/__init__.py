"""Boards: bitstreams, made, judged and brought there; and in `simulated`, boards that need none."""
