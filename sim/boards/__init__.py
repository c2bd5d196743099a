"""Bitstreams for boards: made, judged, and brought there."""
