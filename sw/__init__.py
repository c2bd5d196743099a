"""The kernel. Standard library only: no Amaranth, no simulator, one abstract bus.

The tree mirrors Linux's. Functions keep their C names, argument order and meaning, behind one
first argument ``cpu``, the processor that executes them; structures keep C names too
(``vm_area_struct``), the one place where this code leaves PEP 8.
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
