"""Files that live in the page cache and nowhere else.

Ref: Linux 6.12, fs/ramfs/inode.c, fs/ramfs/file-mmu.c.
"""

from sw.fs.libfs import noop_fsync
from sw.fs.read_write.llseek import generic_file_llseek
from sw.fs.splice.from_pipe import iter_file_splice_write
from sw.include.linux.fs import S_IFREG, address_space, file_operations, inode
from sw.mm.filemap import (
    filemap_read, filemap_splice_read, generic_file_mmap, generic_file_write_iter,
)
from sw.variables import DEFINE


__all__ = ["ramfs_file_operations", "ramfs_get_inode", "rootfs"]


ramfs_file_operations = file_operations(
    llseek     = generic_file_llseek,
    read_iter  = filemap_read,
    write_iter = generic_file_write_iter,
    splice_read  = filemap_splice_read,
    splice_write = iter_file_splice_write,
    mmap       = generic_file_mmap,
    fsync      = noop_fsync,
)


#: The one directory there is: files by path.
rootfs: DEFINE[dict[str, inode]] = DEFINE(dict)


def ramfs_get_inode(mode: int, uid: int) -> inode:
    """Make an empty file."""
    return inode(S_IFREG | mode, uid, ramfs_file_operations, i_mapping=address_space())
