"""Kernel scripts: steps of processes, played on the kernel of ``sw`` and on a real Linux.

docs/scripts.md is the manual of their format.

==============================  ===============================================================
:mod:`sim.script.words`         words for the numbers of Linux's interface
:mod:`sim.script.calls`         system calls that a step may do, and their arguments
:mod:`sim.script.expression`    numbers and addresses as sums with names
:mod:`sim.script.script`        a script: files, processes and steps
:mod:`sim.script.settings`      settings of a kernel, and those of this machine's Linux
:mod:`sim.script.values`        values in it, and what is wrong with them
:mod:`sim.script.expectations`  values that a step may expect
:mod:`sim.script.lines`         the text of a script as TOML, and the lines in it
:mod:`sim.script.parser`        from TOML to a script
:mod:`sim.script.host`          the interface of a kernel on which a script is played
:mod:`sim.script.names`         names in a script, and what they stand for on one kernel
:mod:`sim.script.arguments`     registers of a system call
:mod:`sim.script.action`        a step that is being done; steps that are one system call
:mod:`sim.script.lives`         ... with which processes begin and end
:mod:`sim.script.actions`       ... of all other kinds
:mod:`sim.script.outcome`       what came of a step
:mod:`sim.script.player`        plays a script on a host
:mod:`sim.script.instructions`  instructions that a script's program has written for itself
:mod:`sim.script.mishaps`       ends, stops and signals of a program of the model
:mod:`sim.script.modelled`      the kernel of ``sw`` as a host
:mod:`sim.script.sight`         a page of a process of it, as a query sees it
:mod:`sim.script.linux`         the kernel of this machine as a host
:mod:`sim.script.model`         a script played on that kernel
:mod:`sim.script.bystanders`    steps that would reach processes of others on this machine
:mod:`sim.script.runs`          a script played on this machine's kernel
:mod:`sim.script.compare`       two runs, step by step
:mod:`sim.script.recorded`      results of a real Linux, on record
:mod:`sim.script.scene`         names in a random script, and draws among them
:mod:`sim.script.draws_memory`  random steps on memory
:mod:`sim.script.draws_files`   ... on files
:mod:`sim.script.draws_lives`   ... on processes
:mod:`sim.script.generator`     random scripts
:mod:`sim.script.shrink`        scripts made shorter that differ
:mod:`sim.script.toml`          scripts written as text
:mod:`sim.script.campaign`      campaigns of random scripts
:mod:`sim.script.report`        what was found out about a script, and its JSON
:mod:`sim.script.told`          runs and comparisons as text
==============================  ===============================================================
"""

from pathlib import Path


__all__ = ["SCRIPTS"]


#: The scripts that come with the project, in folders by subject.
SCRIPTS = Path(__file__).parent.parent / "scripts"
