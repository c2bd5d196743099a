# A process of a script on Linux: does the commands that its slot is given, and nothing else.
#
# It is position-dependent code for the address in agent.py, which also has it as bytes. It uses no
# stack, no library and no memory but its slot, 64 KiB of memory shared with the player, so that
# what a script sees is of the script's own making. Offsets in a slot are those of slots.py.

        .intel_syntax noprefix

        .set SLOTS,      0x200000000
        .set SLOT,       0x10000
        .set SLOT_COUNT, 16
        .set SLOTS_FD,   200

        .set SEQ,     0x000             # number of the last command; the player counts it up
        .set DONE,    0x004             # number of the last command that is done
        .set OP,      0x008
        .set ARG0,    0x010
        .set ARG1,    0x018
        .set ARG2,    0x020
        .set ARG3,    0x028
        .set ARG4,    0x030
        .set ARG5,    0x038
        .set RESULT,  0x040
        .set CHILD,   0x048             # address of the slot of the child that a fork makes
        .set CAUGHT,  0x050             # a signal that the command caused, and what came with it
        .set CODE,    0x058
        .set ADDRESS, 0x060
        .set ERROR,   0x068
        .set TRAP,    0x070
        .set WHERE,   0x078
        .set SCRATCH, 0x080
        .set TARGET,  0x088
        .set PID,     0x090
        .set TID,     0x098
        .set HANDLER, 0x0a0             # for the player, which asks for rt_sigaction
        .set RETURN,  0x0a8
        .set STACK_T, 0x0b0             # operand of sigaltstack
        .set SENT,    0x0f8             # signals from elsewhere: how many, and the last ones
        .set RECORDS, 0x100
        .set STACK,   0x1000            # stack of the handler, downwards from DATA
        .set DATA,    0x4000

        .set UC_RBP, 120
        .set UC_RSP, 160
        .set UC_RIP, 168
        .set UC_FLAGS, 176
        .set UC_ERR, 192
        .set UC_TRAPNO, 200

_start: mov     rbx, [rsp + 16]         # argv[1]: the slot's number, as a letter from A on
        movzx   ebx, byte ptr [rbx]
        sub     ebx, 'A'
        mov     rdi, SLOTS
        mov     esi, SLOT * SLOT_COUNT
        mov     edx, 3                  # PROT_READ | PROT_WRITE
        mov     r10d, 0x11              # MAP_SHARED | MAP_FIXED
        mov     r8d, SLOTS_FD
        xor     r9d, r9d
        mov     eax, 9                  # mmap
        syscall
        shl     ebx, 16
        lea     rbp, [rax + rbx]

# A new process or thread, whose slot is in rbp. It touches the slot's pages now: their faults are
# none of the script's.
birth:  mov     ecx, SLOT
touch:  sub     ecx, 0x1000
        lock or dword ptr [rbp + rcx], 0
        test    ecx, ecx
        jnz     touch
        lea     rax, [rip + handler]
        mov     [rbp + HANDLER], rax
        lea     rax, [rip + return]
        mov     [rbp + RETURN], rax
        lea     rsp, [rbp + STACK]
        mov     [rbp + STACK_T], rsp
        mov     qword ptr [rbp + STACK_T + 8], 0
        mov     qword ptr [rbp + STACK_T + 16], DATA - STACK
        lea     rdi, [rbp + STACK_T]
        xor     esi, esi
        mov     eax, 131                # sigaltstack
        syscall
        mov     edi, 60                 # seconds, after which it dies, whatever it waits for
        mov     eax, 37                 # alarm
        syscall
        mov     eax, 39                 # getpid
        syscall
        mov     [rbp + PID], rax
        mov     eax, 186                # gettid
        syscall
        mov     [rbp + TID], rax

post:   mov     [rbp + RESULT], rax
next:   mov     eax, [rbp + SEQ]
        mov     [rbp + DONE], eax
        lea     rdi, [rbp + DONE]
        mov     esi, 1                  # FUTEX_WAKE
        mov     edx, 1
        mov     eax, 202                # futex
        syscall

wait:   mov     edx, [rbp + DONE]
        cmp     edx, [rbp + SEQ]
        jne     go
        lea     rdi, [rbp + SEQ]
        xor     esi, esi                # FUTEX_WAIT
        lea     r10, [rip + patience]
        mov     eax, 202                # futex
        syscall
        cmp     rax, -110               # ETIMEDOUT: nobody is there any more
        jne     wait
        mov     edi, 99
        mov     eax, 231                # exit_group
        syscall

go:     mov     qword ptr [rbp + CAUGHT], 0
        mov     eax, [rbp + OP]
        mov     rdi, [rbp + ARG0]
        mov     rsi, [rbp + ARG1]
        mov     rdx, [rbp + ARG2]
        cmp     eax, 1
        jb      post                    # 0: nothing
        je      call
        cmp     eax, 3
        jb      load
        je      store
        cmp     eax, 5
        jb      fetch
        je      enter
        int3                            # 6
        jmp     post

call:   mov     rax, rdi                # 1: a system call, its number and up to five arguments
        mov     rdi, rsi
        mov     rsi, rdx
        mov     rdx, [rbp + ARG3]
        mov     r10, [rbp + ARG4]
        mov     r8, [rbp + ARG5]
        mov     r9, [rbp + SCRATCH]     # the sixth
        syscall
        test    rax, rax
        jnz     post
        cmp     qword ptr [rbp + CHILD], 0
        je      post
        mov     rbp, [rbp + CHILD]      # this is the child
        jmp     birth

load:   cmp     esi, 2                  # 2
        jb      1f
        je      2f
        cmp     esi, 4
        je      4f
        mov     rax, [rdi]
        jmp     post
4:      mov     eax, [rdi]
        jmp     post
2:      movzx   eax, word ptr [rdi]
        jmp     post
1:      movzx   eax, byte ptr [rdi]
        jmp     post

store:  cmp     esi, 2                  # 3
        jb      1f
        je      2f
        cmp     esi, 4
        je      4f
        mov     [rdi], rdx
        jmp     post
4:      mov     [rdi], edx
        jmp     post
2:      mov     [rdi], dx
        jmp     post
1:      mov     [rdi], dl
        jmp     post

# 4: one instruction at an address is executed with RFLAGS.TF. The jump is traced too, hence TARGET.
fetch:  mov     [rbp + TARGET], rdi
        lea     rax, [rbp + SCRATCH]    # where zeros, which are an instruction, add
        pushfq
        or      dword ptr [rsp], 0x100
        popfq
        jmp     rdi

enter:  call    rdi                     # 5: a function
        jmp     post

# Signals. One that the command caused ends it; others are taken down.
handler:
        mov     rbx, rsp
        and     rbx, -SLOT
        mov     eax, [rsi + 8]          # si_code
        test    eax, eax
        jle     sent
        mov     ecx, 0x9b0              # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
        bt      ecx, edi
        jnc     sent
        mov     r8, [rdx + UC_RIP]
        cmp     edi, 5
        jne     caused
        cmp     eax, 2                  # TRAP_TRACE
        jne     caused
        cmp     r8, [rbx + TARGET]
        jne     caused
        mov     qword ptr [rbx + TARGET], 0
        ret

caused: mov     [rbx + CAUGHT], rdi
        mov     [rbx + CODE], rax
        mov     rax, [rsi + 16]         # si_addr
        mov     [rbx + ADDRESS], rax
        mov     rax, [rdx + UC_ERR]
        mov     [rbx + ERROR], rax
        mov     rax, [rdx + UC_TRAPNO]
        mov     [rbx + TRAP], rax
        mov     [rbx + WHERE], r8
        lea     rax, [rip + next]
        mov     [rdx + UC_RIP], rax
        mov     [rdx + UC_RBP], rbx
        lea     rax, [rbx + STACK]
        mov     [rdx + UC_RSP], rax
        and     dword ptr [rdx + UC_FLAGS], -0x101
        ret

sent:   mov     ecx, [rbx + SENT]
        inc     dword ptr [rbx + SENT]
        and     ecx, 63
        shl     ecx, 4
        mov     [rbx + rcx + RECORDS], edi
        mov     [rbx + rcx + RECORDS + 4], eax
        mov     eax, [rsi + 16]         # si_pid
        mov     [rbx + rcx + RECORDS + 8], eax
        mov     eax, [rsi + 24]         # si_status
        mov     [rbx + rcx + RECORDS + 12], eax
        ret

return: mov     eax, 15                 # rt_sigreturn
        syscall

        .balign 8
patience:
        .quad   10, 0                   # seconds
