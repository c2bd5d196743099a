"""Files that are there from the beginning.

Ref: Linux 6.12, init/initramfs.c (xwrite, do_copy).
"""

from sw.arch.x86.include.asm.page_types import PAGE_SIZE
from sw.fs.ramfs.inode import ramfs_get_inode, rootfs
from sw.kernel.trace.ftrace import traced
from sw.mm.filemap import filemap_get_page
from sw.mm.highmem import kmap_local_page, kunmap_local
from sw.mm.page_alloc import put_page
from sw.processor.cpu import Cpu
from sw.processor.strings import store_bytes


__all__ = ["do_copy"]


@traced
async def do_copy(cpu: Cpu, path: str, body: bytes, mode: int = 0o644, uid: int = 0) -> None:
    """Make the file ``path`` with the contents ``body``, in the page cache.

    The kernel stores them through its own mapping: no process is there to copy them from.
    """
    node = rootfs(cpu)[path] = ramfs_get_inode(mode, uid)
    assert node.i_mapping is not None, "BUG: a file without a page cache"
    for pos in range(0, len(body), PAGE_SIZE):
        pg    = await filemap_get_page(cpu, node.i_mapping, pos // PAGE_SIZE)
        kaddr = await kmap_local_page(cpu, pg)
        await store_bytes(cpu, kaddr, body[pos:pos + PAGE_SIZE])
        await kunmap_local(cpu, kaddr)
        pg.dirty = True
        put_page(cpu, pg)
    node.i_size = len(body)
