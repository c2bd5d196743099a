"""The machine: an x86 memory-management unit in Amaranth. Imports nothing else of this project.

=====================  ==========================================================="""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
