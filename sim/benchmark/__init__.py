"""Measurement of the engines' speed.

============================  ========================================
The figures are explained in ``docs/engines.md``.
"""
