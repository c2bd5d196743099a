"""Scripts on the kernel of this machine.

================================  =======================================================
:mod:`sim.script.linux.agent`     the program of each process, in bytes
:mod:`sim.script.linux.slots`     memory by which processes are commanded
:mod:`sim.script.linux.process`   a process or thread
:mod:`sim.script.linux.look`      pages and mappings, as ``/proc`` tells
:mod:`sim.script.linux.folder`    where the files of scripts are
:mod:`sim.script.linux.kernel`    the kernel as a host of scripts
================================  =======================================================
"""
