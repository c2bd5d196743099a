"""Access vectors: lines of JSON, each a whole machine and one access, and what becomes of it.

==========================  ==================================================
:mod:`sim.vectors.vector`   a vector and its outcome
:mod:`sim.vectors.renderer`   between these and lines
:mod:`sim.vectors.parser`   what is wrong with a line
:mod:`sim.vectors.support`  which vectors this unit cannot do
:mod:`sim.vectors.engines`  what does them
:mod:`sim.output.files`     input, and output that appears whole or not at all
:mod:`sim.vectors.run`   from input to output
==========================  ==================================================

The format is described in ``docs/access-vectors.md``.
"""
