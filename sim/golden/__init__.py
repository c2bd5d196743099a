"""Golden model: a second reading of the manual's paging chapter, in plain Python.

It shares no constant and no logic with the gateware, so that a mistake must be made twice to pass.
"""
