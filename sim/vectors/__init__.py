"""Access vectors: lines of JSON, each a whole machine and what is done on it, and their outcomes.

==================================  ===============================================
:mod:`sim.vectors.vector`           a vector of version 1, one access; its outcome
:mod:`sim.vectors.sequence`         a vector of version 2, a sequence; its outcome
:mod:`sim.vectors.checks`           rules that lines of both versions have to follow
:mod:`sim.vectors.parser`           from a line to a vector
:mod:`sim.vectors.sequence_parser`  from a line of version 2 to its vector
:mod:`sim.vectors.line`             from a vector to its line
:mod:`sim.vectors.renderer`         from an outcome to a line
:mod:`sim.vectors.support`          vectors that this unit cannot run, and why
:mod:`sim.vectors.engines`          engines that run vectors
:mod:`sim.vectors.allowed`          all outcomes that the manual permits for a sequence
:mod:`sim.vectors.run`              a whole file, from input to output
==================================  ===============================================

The format is described in ``docs/access-vectors.md``.
"""
