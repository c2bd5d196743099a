"""memfd_create(): memory as a file that has no name, and that can be sealed.

Ref: Linux 6.12 and 6.18, mm/memfd.c.
"""

from sw.errno import Errno, KernelError
from sw.fs.file import fd_install, get_unused_fd_flags
from sw.include.linux.fs import (
    FMODE_LSEEK, FMODE_PREAD, FMODE_PWRITE, FMODE_WRITE, O_CLOEXEC, O_LARGEFILE, address_space,
    file,
)
from sw.include.linux.mm import VM_MAYWRITE, VM_SHARED, VM_WRITE
from sw.include.linux.shmem_fs import (
    F_ALL_SEALS, F_SEAL_EXEC, F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK,
    F_SEAL_WRITE, MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC, MFD_HUGETLB, MFD_NOEXEC_SEAL,
    shmem_inode_info,
)
from sw.kconfig import kconfig
from sw.kernel.locking.rwsem import down_write, up_write
from sw.processor.cpu import Cpu

from .shmem import shmem_file_operations, shmem_file_setup


__all__ = ["memfd_add_seals", "memfd_check_seals_mmap", "memfd_get_seals", "sys_memfd_create"]


#: Most bytes of a name, which nobody ever sees again.
MFD_NAME_MAX_LEN = 255 - len("memfd:")

_MFD_ALL = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC

_WRITE_SEALS = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE


def _info(filp: file) -> shmem_inode_info:
    """Return what has the seals of an open file. Raises EINVAL for one that cannot have any."""
    if filp.f_op is not shmem_file_operations:
        raise KernelError(Errno.EINVAL)
    info: shmem_inode_info = filp.f_inode.i_private
    return info


def _check_unwritable(mapping: address_space) -> None:
    """Raise EBUSY if somebody could still write to the pages.

    By a shared mapping that may be writable; or by a reference on a page, such as a pipe's.
    """
    if (any(vma.vm_flags & (VM_SHARED | VM_MAYWRITE) == VM_SHARED | VM_MAYWRITE
            for vma in mapping.i_mmap)
            or any(folio.refcount > folio.mapcount + 1 for folio in mapping.i_pages.values())):
        raise KernelError(Errno.EBUSY)


async def memfd_add_seals(cpu: Cpu, filp: file, seals: int) -> None:
    """Forbid something for ever.

    Raises EPERM for a file that is not open for writing, or sealed against seals; EINVAL for other
    seals, and another kind of file; EBUSY for F_SEAL_WRITE while somebody could write.
    """
    if not filp.f_mode & FMODE_WRITE:
        raise KernelError(Errno.EPERM)
    if seals & ~F_ALL_SEALS:
        raise KernelError(Errno.EINVAL)
    node = filp.f_inode
    await down_write(cpu, node.i_rwsem)
    try:
        info = _info(filp)
        if info.seals & F_SEAL_SEAL:
            raise KernelError(Errno.EPERM)
        if seals & F_SEAL_EXEC and node.i_mode & 0o111:
            # What is executed is not to be changed any more.
            seals |= F_SEAL_SHRINK | F_SEAL_GROW | _WRITE_SEALS
        if seals & F_SEAL_WRITE & ~info.seals:
            assert node.i_mapping is not None
            _check_unwritable(node.i_mapping)
        info.seals |= seals
    finally:
        up_write(cpu, node.i_rwsem)


def memfd_get_seals(filp: file) -> int:
    """Tell what is forbidden. Raises EINVAL for a file that cannot have seals."""
    return _info(filp).seals


def memfd_check_seals_mmap(filp: file, vm_flags: int) -> int:
    """Return the flags of a mapping of an open file.

    Shared memory that a seal keeps from being written is EPERM with PROT_WRITE, and can never
    become writable without.
    """
    if (filp.f_op is not shmem_file_operations or not vm_flags & VM_SHARED
            or not memfd_get_seals(filp) & _WRITE_SEALS):
        return vm_flags
    if vm_flags & VM_WRITE:
        raise KernelError(Errno.EPERM)
    return vm_flags & ~VM_MAYWRITE


async def sys_memfd_create(cpu: Cpu, uname: str, flags: int) -> int:
    """Make a file in memory; the result is its descriptor.

    Raises EINVAL for other flags and too long a name, ENOSYS for huge pages, EMFILE.
    """
    both = MFD_EXEC | MFD_NOEXEC_SEAL
    if flags & ~_MFD_ALL and not flags & MFD_HUGETLB or flags & both == both:
        raise KernelError(Errno.EINVAL)
    if len(uname.encode()) > MFD_NAME_MAX_LEN:
        raise KernelError(Errno.EINVAL)
    if flags & MFD_HUGETLB:
        raise KernelError(Errno.ENOSYS)
    fd   = get_unused_fd_flags(cpu, O_CLOEXEC if flags & MFD_CLOEXEC else 0)
    filp = shmem_file_setup(cpu, f"memfd:{uname}", 0)
    filp.f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE
    if kconfig(cpu).paging.X86_64:
        filp.f_flags |= O_LARGEFILE
    info = _info(filp)
    if flags & MFD_NOEXEC_SEAL:
        filp.f_inode.i_mode &= ~0o111
        info.seals = F_SEAL_EXEC
    elif flags & MFD_ALLOW_SEALING:
        info.seals = 0
    fd_install(cpu, fd, filp)
    return fd
