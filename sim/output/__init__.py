"""Output for the user: files that appear whole or not at all, tables, and lines of progress.

==========================  ===========================================================
:mod:`sim.output.files`     files to read and write, standard input and output among them
:mod:`sim.output.critical`  critical sections: deferred signals, a locked folder
:mod:`sim.output.progress`  progress of work that takes long
==========================  ===========================================================
"""
