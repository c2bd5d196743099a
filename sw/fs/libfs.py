"""Small operations that simple file systems share.

Ref: Linux 6.12, fs/libfs.c.
"""

from sw.include.linux.fs import file, inode
from sw.include.linux.mm_types import page
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu


__all__ = ["noop_fsync", "simple_write_end"]


def simple_write_end(cpu: Cpu, node: inode, pos: int, copied: int, folio: page) -> None:
    """End what was begun with a reference on ``folio``: ``copied`` bytes at ``pos`` are new.

    The file reaches up to there then, even if there is none.
    """
    folio.dirty    = folio.dirty or bool(copied)
    folio.uptodate = True
    node.i_size = max(node.i_size, pos + copied)
    put_page(cpu, folio)


def noop_fsync(cpu: Cpu, filp: file) -> None:
    """Write to its disk a file that has none."""
