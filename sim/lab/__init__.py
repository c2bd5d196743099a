"""The lab: a page in which a visitor plays scenarios, with nothing to install.

The page has Python with it, as WebAssembly (Pyodide), and this project's own packages; machines are
compiled to WebAssembly too, where that can be done.

========================  ===========================================================
:mod:`sim.lab.stations`   words of the guided tour
:mod:`sim.lab.tour`       the tour, act by act, and what can be tried on it
:mod:`sim.lab.reference`  what can be written in each kind of text
:mod:`sim.lab.choices`    all that a visitor can choose
:mod:`sim.lab.untouched`  whether a text of a visitor's has changed our code
:mod:`sim.lab.player`     in the page: plays what was chosen, and tells how it goes
:mod:`sim.lab.saved`      ... files of a run, to be kept
:mod:`sim.lab.vectors`    ... access vectors, on the golden model and on the unit
:mod:`sim.lab.scripts`    ... kernel scripts, on both
:mod:`sim.lab.packages`   the packages that the page has with it
:mod:`sim.lab.pyodide`    Python for the page
:mod:`sim.lab.notices`    versions and licences of what a page carries
:mod:`sim.lab.make`       the page with all its parts, as a folder or as one file
:mod:`sim.lab.serve`      web server for this computer alone
========================  ===========================================================
"""
