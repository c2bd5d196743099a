"""Pages from one pipe to another, with or without being taken away.

Ref: Linux 6.12, fs/splice.c (link_pipe, sys_tee, splice_pipe_to_pipe).
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fdget
from sw.fs.pipe import get_pipe_info, pipe_full
from sw.include.linux.fs import FMODE_READ, FMODE_WRITE, O_NONBLOCK
from sw.include.linux.pipe_fs_i import PIPE_BUF_FLAG_CAN_MERGE, pipe_buffer, pipe_inode_info
from sw.include.linux.splice import SPLICE_F_ALL, SPLICE_F_NONBLOCK
from sw.mm.page_alloc import get_page
from sw.processor.cpu import Cpu

from .ends import consume, has_bytes, wait_for_space


__all__ = ["splice_pipe_to_pipe", "sys_tee"]


def link_pipe(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info, length: int) -> int:
    """Give the second pipe references on the pages of the first, up to ``length`` bytes."""
    done = 0
    for ibuf in ipipe.bufs:
        if done == length or pipe_full(opipe):
            break
        get_page(cpu, ibuf.page)
        count = min(ibuf.len, length - done)
        opipe.bufs.append(pipe_buffer(ibuf.page, ibuf.offset, count,
                                      ibuf.flags & ~PIPE_BUF_FLAG_CAN_MERGE))
        done += count
    return done


async def _ready(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info, flags: int) -> bool:
    """Tell whether there is something to move, for which there is place."""
    if not has_bytes(ipipe, flags):
        return False
    await wait_for_space(cpu, opipe, flags)
    return True


async def sys_tee(cpu: Cpu, fdin: int, fdout: int, length: int, flags: int) -> int:
    """Let a second pipe have what is in a first one, which keeps it.

    Raises EINVAL for other flags, for what is no pipe, and for one and the same; EBADF, EPIPE.
    """
    if flags & ~SPLICE_F_ALL:
        raise KernelError(Errno.EINVAL)
    if not length:
        return 0
    async with fdget(cpu, fdin) as in_, fdget(cpu, fdout) as out:
        if not in_.f_mode & FMODE_READ or not out.f_mode & FMODE_WRITE:
            raise KernelError(Errno.EBADF)
        ipipe, opipe = get_pipe_info(in_), get_pipe_info(out)
        if ipipe is None or opipe is None or ipipe is opipe:
            raise KernelError(Errno.EINVAL)
        if (in_.f_flags | out.f_flags) & O_NONBLOCK:
            flags |= SPLICE_F_NONBLOCK
        if not await _ready(cpu, ipipe, opipe, flags):
            return 0
        return link_pipe(cpu, ipipe, opipe, length)


async def splice_pipe_to_pipe(cpu: Cpu, ipipe: pipe_inode_info, opipe: pipe_inode_info,
                              length: int, flags: int) -> int:
    """Move what is in a first pipe to a second one.

    A page that goes as a whole stays what it was: one that may take more bytes still may.
    """
    if not await _ready(cpu, ipipe, opipe, flags):
        return 0
    done = 0
    while ipipe.bufs and done < length and not pipe_full(opipe):
        ibuf = ipipe.bufs[0]
        if ibuf.len <= length - done:
            opipe.bufs.append(ipipe.bufs.pop(0))
            done += ibuf.len
        else:
            link_pipe(cpu, ipipe, opipe, length - done)
            consume(cpu, ipipe, length - done)
            done = length
    return done
