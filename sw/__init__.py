"""The kernel. Standard library only: no Amaranth, no simulator, one abstract bus.

The tree mirrors Linux's: ``mm/mremap.c`` is ``mm/mremap.py``, and a C file that became several is a
folder of its name. Functions keep their C names, argument order and meaning, behind one first
argument ``cpu``, the processor that executes them; structures keep C names too
(``vm_area_struct``), the one exception that this code makes from PEP 8. docs/kernel.md tells more.

This is the map: every function, structure and variable that other files may use, by its file.

What the kernel is given, and how it is built::

    bus        Kind  Register  Access  PageFault  GeneralProtection  Response  check_number
               check_access  check_bytes  check_load  check_store  check_interrupt  check_invpcid
               naturally_aligned  Bus  BusError
    variables  DEFINE  DEFINE_PER_CPU  image  per_cpu_area  this_cpu_ptr  per_cpu_ptr
    errno      Errno  KernelError
    kconfig    ForcedWrite  ReadGup  Reuse  MremapFlush  KernelMapping  Era  Kconfig  kconfig
               HugeWrite  HugetlbForce  UffdFill
    vmlinux    Kernel
    thread     Thread
    user       User
    audit      is_at_rest  audit

Rules that Linux had one after another, of which an era takes one each::

    rules/forced_write    DropsWrite  TrustsDirty  NeedsExclusive
    rules/huge_write      CopiesHuge  SplitsHuge  SplitsShared
    rules/hugetlb_force   GivesTheRight  KeepsReadOnly  Refuses
    rules/kernel_mapping  ByKmap  ByKmapLocal
    rules/mremap_flush    FlushesLate  FlushesDirtyLocked  FlushesLocked
    rules/read_gup        Shares  BreaksCow  UnsharesPins
    rules/reuse           ByMapcount  ByRefcount  ByExclusive  ByAddressSpace
    rules/uffd_fill       NoMinorFaults  DirtiesWritable  DirtiesAlways

The processor: it knows the bus, and nothing of the kernel::

    processor/cpu         Cpu
    processor/exceptions  TripleFault  Fixup  pt_regs  Restarts
    processor/strings     load_bytes  store_bytes  rep_movs  rep_stos

Start::

    init/initramfs  do_copy
    init/main       run_init_process  start_kernel

Ways into the kernel::

    arch/x86/entry/common    do_syscall
    arch/x86/entry/entry     asm_exc_page_fault  asm_exc_general_protection
                             asm_sysvec_call_function  asm_sysvec_reschedule_ipi  entry_SYSCALL
                             asm_exc_int3
    arch/x86/entry/vdso/vma  vdso_enabled  vdso_pages  init_vdso_image  vdso_fault  vvar_fault
                             special_mapping_split
                             arch_setup_additional_pages

x86: start, interrupts, other processors::

    arch/x86/kernel/cpu/common    cpu_caps_cleared  cr0_write_protect  cr4_pinned_bits  cr_pinning
                                  get_cpu_cap  native_write_cr0  native_write_cr4  cr4_set_bits
                                  setup_clear_cpu_cap  setup_protection  syscall_init
    arch/x86/kernel/head          startup  enable_paging
    arch/x86/kernel/idt           idt_setup_traps
    arch/x86/kernel/setup_percpu  setup_per_cpu_areas
    arch/x86/kernel/signal        arch_do_signal_or_restart
    arch/x86/kernel/smp           sysvec_reschedule_ipi  sysvec_call_function
    arch/x86/kernel/smpboot       wait_for_startup  start_secondary  do_boot_cpu
    arch/x86/kernel/sys_x86_64    sys_mmap
    arch/x86/kernel/traps         exc_general_protection  cond_local_irq_enable  exc_int3

x86: memory of the current program::

    arch/x86/lib/usercopy  access_ok  copy_user_generic  copy_to_user  raw_copy_from_user
                           copy_from_user  clear_user  get_user  put_user

x86: page faults, tables, TLB::

    arch/x86/mm/extable           exception_table_entry  ex_table  fixup_exception
    arch/x86/mm/fault/oops        page_fault_oops
    arch/x86/mm/fault/page_fault  exc_page_fault  do_kern_addr_fault  spurious_kernel_fault
                                  do_user_addr_fault  lock_mm_and_find_vma  access_error
                                  bad_area_nosemaphore  kernelmode_fixup_or_oops  mm_fault_error
    arch/x86/mm/highmem_32        highmem_areas  highmem  pkmap_addr  pkmap_nr  fix_to_virt
                                  kmap_local_slot
    arch/x86/mm/init              early_page_tables  split_mem_range  init_mem_mapping  setup_pcid
    arch/x86/mm/mmap              mmap_base  mmap_address_hint_valid
    arch/x86/mm/pat/set_memory    lookup_address  split_large_page  __change_page_attr
                                  set_direct_map_invalid_noflush  set_direct_map_default_noflush
    arch/x86/mm/pgtable           kernel_pgd_indices  pgd_cache  unshared_pgds  pgd_alloc
                                  pgd_prepopulate_pmd  pgd_mop_up_pmds  pgd_free
    arch/x86/mm/tlb               cpu_tlbstate  cpu_tlbstate_shared  last_mm_ctx_id
                                  init_new_context  kern_pcid  build_cr3  load_cr3  load_new_mm_cr3
                                  initialize_tlbstate_and_flush  choose_new_asid
                                  switch_mm_irqs_off  switch_mm  enter_lazy_tlb  flush_tlb_local
                                  native_flush_tlb_global  __flush_tlb_all  flush_tlb_one_kernel
                                  flush_tlb_func  tlb_is_not_lazy  flush_tlb_multi
                                  flush_tlb_mm_range  flush_tlb_page  flush_tlb_range  flush_tlb_mm
                                  do_flush_tlb_all  do_kernel_range_flush  flush_tlb_kernel_range

Entries of page tables (mm/memory.c)::

    mm/memory/access      __access_remote_vm  access_remote_vm
    mm/memory/access_phys  generic_access_phys
    mm/memory/copy        vma_needs_copy  copy_present_pte  copy_page_range
    mm/memory/fault       sanitize_fault_flags  do_anonymous_page  handle_pte_fault
                          __handle_mm_fault  handle_mm_fault
    mm/memory/file_fault  fault_around_bytes  __do_fault  set_pte_range  finish_fault
                          do_fault_around  do_read_fault  do_cow_fault  do_shared_fault  do_fault
    mm/memory/mem_map     frames  mem_map  empty_zero_page  is_zero_pfn
    mm/memory/pgtable     pte_alloc  free_pgtables  pmd_alloc  pte_alloc_map  pte_alloc_one
    mm/memory/vm_page     vm_normal_page
    mm/memory/wp          maybe_mkwrite  wp_page_reuse  wp_page_copy  wp_page_shared  do_wp_page
    mm/memory/zap         should_zap_page  zap_pte_range  unmap_page_range  zap_page_range_single
                          unmap_mapping_range

Huge pages (mm/huge_memory.c)::

    mm/huge_memory/entries  copy_huge_pmd  zap_huge_pmd  move_huge_pmd  can_change_pmd_writable
                            change_huge_pmd
    mm/huge_memory/fault    haddr_of  vma_alloc_anon_folio_pmd  map_anon_folio_pmd
                            do_huge_pmd_anonymous_page  touch_pmd  huge_pmd_set_accessed
    mm/huge_memory/policy   transparent_hugepage  setup_transparent_hugepage
                            has_transparent_hugepage  thp_vma_allowable_order
    mm/huge_memory/split    __split_huge_pmd  vma_adjust_trans_huge
    mm/huge_memory/wp       do_huge_pmd_wp_page
    mm/huge_memory/zero     huge_zero  huge_zero_folio  mm_get_huge_zero_folio
                            mm_put_huge_zero_folio  is_huge_zero_pmd

Huge pages from a pool (mm/hugetlb.c)::

    mm/hugetlb/entries  change_hugetlb_pmd  copy_hugetlb_pmd  unmap_hugetlb_pmd
    mm/hugetlb/fault    make_huge_pte  hugetlb_no_page  unmap_ref_private  hugetlb_wp
                        hugetlb_fault
    mm/hugetlb/pool     default_hstate_max_huge_pages  hugetlb_init  hugetlb_acct_memory
                        hugetlb_reserve_pages  vma_resv_map  vma_hugecache_offset
                        alloc_hugetlb_folio  restore_reserve

Mappings (mm/mmap.c)::

    mm/mmap/brk            do_brk_flags  sys_brk
    mm/mmap/find           find_vma  vma_lookup  find_vma_intersection  vma_prev
    mm/mmap/limits         total_vm  locked_vm  is_data_mapping  may_expand_vm  can_do_mlock
                           mlock_future_ok
    mm/mmap/map            file_mmap_ok  calc_vm_flag_bits  mmap_region  do_mmap  ksys_mmap_pgoff
                           vm_mmap_pgoff
    mm/mmap/special        vmf_insert_pfn
    mm/mmap/stack          expand_downwards  find_extend_vma  expand_stack
    mm/mmap/unmap          do_munmap  vm_munmap  exit_mmap  sys_munmap
    mm/mmap/unmapped_area  get_unmapped_area  hugetlb_get_unmapped_area  thp_get_unmapped_area

Advice about memory (mm/madvise.c)::

    mm/madvise/cold           madvise_cold  madvise_pageout
    mm/madvise/do_madvise     madvise_behavior_valid  madvise_need_mmap_write  madvise_update_vma
                              madvise_vma_behavior  madvise_populate  madvise_walk_vmas  do_madvise
                              sys_madvise
    mm/madvise/dontneed_free  madvise_free_single_vma  madvise_dontneed_free  madvise_remove
    mm/madvise/walk           mapped_once  modify_entry  walk_pages

Pages, frames, files in memory::

    mm/filemap            filemap_get_page  filemap_fault  filemap_map_pages  filemap_page_mkwrite
                          generic_file_mmap  is_hole  filemap_read  filemap_splice_read
                          generic_perform_write  generic_file_write_iter
    mm/gup/check          check_vma_flags  gup_vma_lookup
    mm/gup/fast           pte_access_permitted  gup_fast
    mm/gup/follow         Unshare  try_grab_folio  unpin_user_page  follow_huge_pmd  follow_page_pte
                          follow_page_mask
    mm/gup/pages          faultin_page  __get_user_pages  get_user_pages_remote
                          pin_user_pages_remote  get_user_pages_fast  get_user_page_vma_remote
    mm/gup/populate       mm_populate  faultin_page_range  populate_vma_page_range  __mm_populate
                          fault_in_readable
    mm/highmem            page_address  kmap  kunmap  kmap_high  map_new_virtual
                          flush_all_zero_pkmaps  kunmap_high  kmap_local_page  kunmap_local
                          kmap_local_sched_out  kmap_local_sched_in  clear_highpage
                          copy_user_highpage
    mm/init_mm            init_mm
    mm/khugepaged         hugepage_madvise  hugepage_vma_check  mm_find_pmd  collapse_huge_page
                          madvise_collapse
    mm/mmu_gather         tlb_gather_mmu  tlb_finish_mmu
    mm/memfd              memfd_add_seals  memfd_get_seals  memfd_check_seals_mmap
                          sys_memfd_create
    mm/mlock              mlock_fixup  apply_vma_lock_flags  do_mlock  sys_mlock  sys_mlock2
                          sys_munlock  apply_mlockall_flags  sys_mlockall  sys_munlockall
    mm/mprotect           can_change_pte_writable  change_pte_range  mprotect_fixup
                          do_mprotect_pkey  sys_mprotect
    mm/mremap             move_ptes  move_page_tables  move_vma  vma_to_resize  mremap_to
                          vma_expandable  sys_mremap
    mm/msync              sys_msync
    mm/mseal              can_modify_vma_madv  apply_mm_seal  sys_mseal
    mm/page_alloc         zone  node_zones  free_area_init  nr_free_pages  alloc_page
                          folio_ref_add  folio_put_refs  get_page  put_page  alloc_pages
    mm/page_writeback     set_page_dirty_lock
    mm/pgalloc            pagetable_alloc  pagetable_free  page_tables
    mm/pagewalk           load_entries  walk_page_range
    mm/pgtable_generic    ptep_clear_flush  pte_offset_map  pte_offset_map_lock  pte_unmap_unlock
                          pmdp_huge_clear_flush  pmdp_invalidate  pgtable_trans_huge_deposit
                          pgtable_trans_huge_withdraw
    mm/process_vm_access  process_vm_rw_pages  process_vm_rw_single_vec  process_vm_rw_core
                          process_vm_rw  sys_process_vm_readv  sys_process_vm_writev
    mm/rmap               folio_add_large_mapcount  folio_sub_large_mapcount
                          folio_add_new_anon_rmap  folio_add_file_rmap_pte  folio_remove_rmap_pte
                          folio_add_file_rmap_pmd  folio_dup_anon_rmap_pte
                          folio_add_anon_rmap_ptes  folio_dup_anon_rmap_pmd  folio_remove_rmap_pmd
    mm/secretmem          vma_is_secretmem  folio_is_secretmem  secretmem_fault
                          secretmem_release  secretmem_mmap  secretmem_setattr
                          sys_memfd_secret
    mm/shmem              shmem_mmap  shmem_evict_inode  shmem_setattr  shmem_write_begin
                          shmem_read_hole  shmem_fallocate  shmem_file_llseek  shmem_file_setup
                          shmem_zero_setup  shmem_fault  vma_is_shmem
    mm/userfaultfd        mfill_atomic_continue  mfill_atomic_install_pte  mcontinue_atomic_pte
    mm/slub               kmem_cache  kmem_cache_alloc  kmem_cache_free
    mm/truncate           folio_zero_range  truncate_inode_pages_range  truncate_setsize
                          truncate_pagecache_range
    mm/util               sysctl_overcommit_memory  sysctl_overcommit_ratio  account_flags
                          nr_accounted  vm_committed_as  security_vm_enough_memory_mm
    mm/vma                vma_wants_writenotify  vma_set_page_prot  vma_link  unlink_file_vma
                          split_vma  vma_modify  copy_vma  vma_merge
                          vma_merge_extend

Files::

    fs/attr                 inode_newsize_ok  notify_change
    fs/fcntl                setfl  pipe_fcntl  do_fcntl  sys_fcntl
    fs/exec                 bprm_mm_init  do_open_execat  search_binary_handler  prepare_creds
                            de_thread  exec_mmap  do_close_on_exec  flush_signal_handlers
                            begin_new_exec  sys_execve
    fs/file                 fdget  fdget_pos  get_unused_fd_flags  put_unused_fd  fd_install
                            set_close_on_exec  get_close_on_exec  close_fd  f_dupfd  sys_dup
                            sys_dup3  sys_dup2  dup_fd  close_files
    fs/file_table           fput
    fs/hugetlbfs/inode      hugetlb_vm_op_split  hugetlb_vm_op_close  hugetlbfs_file_mmap
                            hugetlbfs_evict_inode  hugetlb_file_setup
    fs/ioctl                sys_ioctl
    fs/libfs                simple_write_end  noop_fsync
    fs/namei                inode_permission  lookup_open
    fs/open/do_open         do_filp_open  do_sys_open  sys_creat  sys_close
    fs/open/fallocate       vfs_fallocate  sys_fallocate
    fs/open/truncate        do_truncate  sys_truncate  sys_ftruncate
    fs/pipe                 get_pipe_info  pipe_full  pipe_lock  pipe_must_wait  check_readers
                            pipe_read  pipe_write  pipe_release  pipe_get_size  pipe_set_size
                            create_pipe_files  do_pipe2  sys_pipe  sys_pipe2
    fs/proc/array           get_task_state  task_sig  proc_pid_status  status_read
    fs/proc/base            proc_mem_force_override  proc_mem_open  mem_open  mem_release
                            mem_lseek  early_proc_mem_force_override  proc_mem_foll_force  mem_rw
                            mem_read  mem_write
    fs/proc/root            proc_pid_lookup
    fs/proc/task_mmu        proc_maps_private  maps_open  maps_release  show_map_vma  show_maps
                            maps_read  pagemap_open  pte_to_pagemap_entry  pagemap_read  task_mem
    fs/ramfs/inode          rootfs  ramfs_get_inode
    fs/read_write/copy_file_range  generic_copy_file_checks  vfs_copy_file_range
                            sys_copy_file_range
    fs/read_write/llseek    ksys_lseek  generic_file_llseek
    fs/read_write/rw        call_read  call_write  vfs_read  vfs_write  ksys_read  ksys_write
                            ksys_pread64  ksys_pwrite64
    fs/read_write/sendfile  do_sendfile  sys_sendfile64
    fs/read_write/vector    vfs_readv  vfs_writev  sys_readv  sys_writev  sys_preadv  sys_pwritev
    fs/read_write/verify    rw_verify_area  verify_mode  check_positioned
    fs/seq_file             seq_lseek  copy_out  seq_read
    fs/splice/direct        do_splice_direct
    fs/splice/do_splice     do_splice_read  splice_file_to_pipe  do_splice_from  do_splice
                            sys_splice
    fs/splice/ends          wait_for_space  has_bytes  consume
    fs/splice/from_pipe     iter_file_splice_write  splice_from_pipe_to_nothing
    fs/splice/tee           link_pipe  sys_tee  splice_pipe_to_pipe
    fs/splice/vmsplice      vmsplice_to_pipe  vmsplice_to_user  sys_vmsplice
    fs/stat                 sys_statx  cp_statx
    fs/sync                 vfs_fsync  sys_fsync  sys_fdatasync
    fs/userfaultfd          sys_userfaultfd  userfaultfd_ctx  validate_range  userfaultfd_api
                            userfaultfd_set_ctx  userfaultfd_register  userfaultfd_unregister
                            userfaultfd_continue  userfaultfd_ioctl  userfaultfd_read
                            userfaultfd_release

Copies that many parts need::

    lib/iov_iter  import_iovec  fault_in_iov_iter_readable  copy_page_from_iter_atomic
                  copy_page_from_iter  copy_page_to_iter  iov_iter_get_pages2  iovec_from_user

Tasks, signals, locks, work for other processors::

    kernel/cpu               bringup_nonboot_cpus
    kernel/capability        capable
    kernel/commit_creds      commit_creds
    kernel/cred              cred
    kernel/entry/common      exit_to_user_mode
    kernel/exit/do_exit      release_task  exit_mm  forget_original_parent  exit_notify  do_exit
                             do_group_exit  sys_exit  sys_exit_group
    kernel/exit/orphan       will_become_orphaned_pgrp  is_current_pgrp_orphaned
                             kill_orphaned_pgrp
    kernel/exit/wait         eligible_child  wait_task_zombie  wait_task_stopped
                             wait_task_continued  wait_consider_task  do_wait  kernel_wait4
                             sys_wait4  kernel_waitid  sys_waitid  waitid_info
    kernel/fork/clone        dup_mmap  dup_mm  copy_mm  copy_files  kernel_clone  sys_clone
                             sys_fork  sys_vfork  copy_signal
    kernel/fork/mm           mm_alloc  mmgrab  mmdrop  mmget  mmget_not_zero  mmput  get_task_mm
                             mm_access
    kernel/fork/vfork        complete_vfork_done  wait_for_vfork_done
    kernel/kthread           kthread_use_mm  kthread_unuse_mm  kthread_create
    kernel/locking/rwsem     rw_semaphore  down_read  up_read  down_write  up_write
                             downgrade_write
    kernel/locking/spinlock  spinlock_t  spin_lock  spin_unlock
    kernel/panic             KernelOops
    kernel/pid               pid_namespace  init_pid_ns  alloc_pid  find_task_by_vpid
    kernel/printk/printk     log_buf  printk
    kernel/pidfd             pid  pidfd_get_pid  sys_pidfd_open  sys_pidfd_send_signal
    kernel/ptrace/access     ptrace_may_access
    kernel/ptrace/attach     ptrace_link  __ptrace_unlink  check_ptrace_options  ptrace_traceme
                             ptrace_attach  ptrace_detach  exit_ptrace
    kernel/ptrace/request    ptrace_check_attach  ptrace_access_vm  generic_ptrace_peekdata
                             generic_ptrace_pokedata  ptrace_setoptions  ptrace_getsiginfo
                             ptrace_interrupt  ptrace_listen  ptrace_resume  ptrace_request
                             sys_ptrace
    kernel/sched/completion  complete  wait_for_completion
    kernel/sched/core        context_switch  schedule
    kernel/sched/idle        init_idle  start_on  do_idle  schedule_idle  cpu_startup_entry
    kernel/sched/sched       rq  runqueues  activate_task
    kernel/sched/syscalls    sys_sched_yield
    kernel/sched/wait        waitqueue_active  sleep_on  wake_up
    kernel/signal/action     for_each_thread  thread_group_empty  sig_handler  sig_ignored
                             sig_fatal  flush_sigqueue_mask  flush_process  do_sigaction
                             sigprocmask  sys_rt_sigaction  sys_rt_sigprocmask
    kernel/signal/deliver    dequeue_signal  get_signal  ptrace_signal
    kernel/signal/jobctl     task_set_jobctl_pending  task_clear_jobctl_pending
                             signal_set_stop_flags  task_participate_group_stop  signal_wake_up
                             ptrace_signal_wake_up  ptrace_trap_notify
    kernel/signal/kill       check_kill_permission  group_send_sig_info  kill_something_info
                             sys_kill  do_tkill  sys_tgkill  sys_tkill
    kernel/signal/send       prepare_signal  zap_other_threads  wants_signal  complete_signal
                             send_signal  force_sig_fault  do_notify_parent
                             do_notify_parent_cldstop
    kernel/signal/stop       do_signal_stop  ptrace_stop  ptrace_do_notify  do_jobctl_trap
                             ptrace_signal_stop  ptrace_event
    kernel/smp               call_single_data  call_single_queue  csd_lock_wait
                             smp_call_function_many_cond  on_each_cpu_cond_mask  on_each_cpu
                             flush_smp_call_function_queue  generic_smp_call_function_interrupt
    kernel/sys/ids           cap_emulate_setxuid  cap_fix_setfsuid  sys_setuid  sys_setgid
                             sys_setreuid  sys_setregid  sys_setresuid  sys_setresgid  sys_setfsuid
                             sys_setfsgid  sys_getuid  sys_geteuid  sys_getgid  sys_getegid
                             sys_getresuid  sys_getresgid
    kernel/sys/pgrp          sys_getpid  sys_getppid  sys_setpgid  sys_getpgid  sys_getsid
                             sys_setsid
    kernel/sys/prctl         sys_prctl
    kernel/sys/rlimit        check_prlimit_permission  do_prlimit  sys_prlimit64  sys_getrlimit
                             sys_setrlimit
    kernel/sys/rusage        account_thread  account_reaped  getrusage  put_rusage  sys_getrusage
    kernel/trace/ftrace      ret_stack  traced

Security modules::

    security/yama/yama_lsm  yama_ptrace_access_check  yama_ptrace_traceme  yama_set_ptracer
                            yama_task_free  yama_ptrace_scope  ptracer_relations

Kernel code that does wrong on purpose::

    drivers/char/mem          null_lseek  read_null  write_null  read_zero  splice_read_zero
                              mmap_zero  open_port  read_mem  mmap_mem_fault  mmap_mem
                              memory_lookup
    drivers/misc/lkdtm/perms  lkdtm_ACCESS_USERSPACE  lkdtm_WRITE_USERSPACE  lkdtm_WRITE_RO
                              lkdtm_EXEC_USERSPACE

Types, constants and small functions::

    include/linux/completion    completion
    include/linux/cpumask       cpu_online_mask
    include/linux/fs            loff_t  inode  inode_operations  file  file_operations
                                files_struct  get_file  address_space_operations  address_space
    include/linux/hugetlb       default_hstate  hstate  resv_map  is_vm_hugetlb_page
                                folio_test_hugetlb
    include/linux/mm            is_cow_mapping  vma_is_anonymous  vma_is_accessible  vm_start_gap
                                PAGE_ALIGN  pte_lockptr
    include/linux/mm_types      page  vm_area_struct  mm_context  mm_struct  vm_fault
                                vm_operations_struct  page_folio  folio_test_large  folio_pages
                                inc_tlb_flush_pending  dec_tlb_flush_pending  mm_tlb_flush_nested
    include/linux/mmap_lock     mmap_read_lock  mmap_read_lock_killable  mmap_read_unlock
                                mmap_write_lock  mmap_write_lock_killable  mmap_write_unlock
                                mmap_write_downgrade
    include/linux/pagemap       linear_page_index
    include/linux/pipe_fs_i     pipe_buffer  pipe_inode_info
    include/linux/resource      rlimit
    include/linux/sched         kmap_ctrl  task_struct  signal_pending  fatal_signal_pending
                                task_is_stopped_or_traced  task_rlimit
    include/linux/shmem_fs      shmem_inode_info
    include/linux/signal        sigmask  siginmask  valid_signal
    include/linux/signal_types  kernel_siginfo  sighand_struct  signal_struct  Signal  Killed
                                Stopped  Waiting
    include/linux/syscalls      int_  unsigned_int  umode_t  long  unsigned_long  position
                                filename  SYSCALL_DEFINE
    include/linux/uaccess       pagefault_disable  pagefault_enable  faulthandler_disabled
    include/linux/uio           iov_iter  iov_iter_count
    include/linux/wait          wait_queue_head_t

... that most architectures share::

    include/asm_generic/cacheflush  copy_to_user_page  copy_from_user_page
    include/asm_generic/tlb         mmu_gather

... of x86::

    arch/x86/include/asm/cpufeatures    boot_cpu_has
    arch/x86/include/asm/current        pcpu_hot_struct  pcpu_hot  current  current_mm
                                        current_files
    arch/x86/include/asm/elf            ELF_ET_DYN_BASE
    arch/x86/include/asm/invpcid        invpcid_flush_all
    arch/x86/include/asm/irqflags       local_irq_enable  local_irq_disable  irqs_disabled
                                        local_irq_save  local_irq_restore  safe_halt
    arch/x86/include/asm/page           __va  __pa  pfn_to_page  page_to_virt  virt_to_page
                                        clear_page  copy_page
    arch/x86/include/asm/pgtable        pte_none  pte_present  pte_protnone  pte_write  pte_exec
                                        pte_young  pte_dirty  pte_special  pte_pfn  pte_page
                                        pmd_present  pmd_leaf  pfn_pte  mk_pte  pte_mkdirty
                                        pte_mkclean  pte_mkyoung  pte_mkold  pte_mkspecial
                                        pte_mkwrite  pte_wrprotect  pte_modify  ptep_get  set_pte
                                        set_pte_at  pte_clear  pmd_clear  ptep_get_and_clear
                                        ptep_set_wrprotect  ptep_set_access_flags  mk_huge_pmd
                                        pmd_mkinvalid  pmd_populate  pmdp_invalidate_ad
    arch/x86/include/asm/pgtable_types  Paging  massage_pgprot  vm_get_page_prot
    arch/x86/include/asm/processor      cpuinfo_x86  boot_cpu_data  thread_struct  cpu_relax
    arch/x86/include/asm/smap           stac  clac
    arch/x86/include/asm/smp            smp_send_reschedule  arch_send_call_function_ipi_mask
    arch/x86/include/asm/tlbflush       tlb_context  tlb_state  tlb_state_shared  flush_tlb_info
                                        pte_needs_flush
"""


#: Tells this package from others of its name: see :func:`dragoncage.activate`.
DISTRIBUTION = "dragoncage"
