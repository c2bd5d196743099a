"""Output for the user: text, files that appear whole or not at all, and progress.

==========================  ====================================================
:mod:`sim.output.text`      paragraphs and tables of 80 columns
:mod:`sim.output.names`     names that somebody may have meant
:mod:`sim.output.files`     files, standard input and output among them
:mod:`sim.output.journal`   results that are kept while work goes on
:mod:`sim.output.critical`  critical sections: deferred signals, a locked folder
:mod:`sim.output.progress`  progress of work that takes long
==========================  ====================================================
"""
