"""What the user gets: files that appear whole or not at all, and lines of progress.

=============================  ==============================================================
:mod:`sim.output.files`        writing files, standard output among them
:mod:`sim.output.undisturbed`  ... while no signal and no other program of ours comes between
:mod:`sim.output.progress`     progress of what takes long
=============================  ==============================================================
"""
