"""Access vectors: lines of JSON, each a whole machine and one access, and the outcomes of these.

===========================  ==========================================
:mod:`sim.vectors.vector`    a vector and its outcome
:mod:`sim.vectors.parser`    from a line to a vector
:mod:`sim.vectors.renderer`  from an outcome to a line
:mod:`sim.vectors.support`   vectors that this unit cannot run, and why
:mod:`sim.vectors.engines`   engines that run vectors
:mod:`sim.vectors.run`       a whole file, from input to output
===========================  ==========================================

The format is described in ``docs/access-vectors.md``.
"""
