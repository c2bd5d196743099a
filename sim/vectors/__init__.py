"""Access vectors: lines of JSON, each a whole machine and one access, and what becomes of it.

==========================  =================================
:mod:`sim.vectors.vector`   a vector and its outcome
:mod:`sim.vectors.format`   between these and lines
:mod:`sim.vectors.checks`   what is wrong with a line
:mod:`sim.vectors.support`  which vectors this unit cannot do
:mod:`sim.vectors.engines`  what does them
:mod:`sim.vectors.answer`   from input to output
==========================  =================================

The format is described in ``docs/access-vectors.md``.
"""
