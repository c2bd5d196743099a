# The guest of an oracle: a processor that does the steps of access vectors, one after another.
#
# The host puts steps into memory, and the guest does each and writes its outcome. Everything is in
# one region of 2 MiB, at the same linear address in the guest's own tables, where it is at home, and
# in those of a vector: so the guest goes on while the paging structures of a vector are in force.
# Offsets in the region, and the words of steps and outcomes, are those of layout.py.
#
# Assembled twice, for long mode and, with LEGACY, for 32-bit and PAE paging; image.py has it in
# bytes. It may be anywhere in memory. BP is the address of the region, BX that of the step.

#ifdef LEGACY
        .code32
#define R(name) %e##name
#else
        .code64
#define R(name) %r##name
#endif

# UD2 ends a step, for not every host of a guest knows INT in it.
        .set DONE,     6

        .set GO,       0x3200           # not 0: the host wants the steps done
        .set GDTR,     0x3300
        .set IDTR,     0x3310
        .set HOME,     0x3380           # CR0, CR3, CR4 and EFER at home
        .set STACK,    0x7000
        .set GATES,    0x8000           # for each vector a call of `trapped`, of 8 bytes
        .set STEPS,    0x10000
        .set OUTCOMES, 0x110000

        .set FRAME,    8                # an access: IP, CS, FLAGS, SP, SS; then its operands
        .set LINEAR,   48
        .set DATA,     56
        .set STEP,     64               # the bytes of a step, twice those of its outcome

        .set PKE,      22
        .set PKS,      24
        .set PCIDE,    17
        .set EFER,     0xc0000080
        .set PKRS,     0x6e1
        .set WITH_ERROR, 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17

# For the host: where the guest begins, where gates lead, and where the accesses are.
base:   .word   entry - base, trapped - base, accesses - base, end - base
steps:  .word   wait - base, store - base, load - base, enter - base, leave - base, access - base
        .word   invlpg - base

entry:
#ifdef LEGACY
        call    1f
1:      pop     %ebp
        sub     $(1b - base), %ebp
        lgdtl   GDTR(%ebp)
        lidtl   IDTR(%ebp)
        mov     $0x23, %eax             # data that a user may access: IRET leaves DS alone then
#else
        lea     base(%rip), %rbp
        lgdt    GDTR(%rbp)
        lidt    IDTR(%rbp)
        mov     $0x10, %eax
#endif
        mov     %eax, %ds
        mov     %eax, %es
        mov     $0x10, %eax
        mov     %eax, %ss
        mov     $0x28, %eax
        ltr     %ax

# A host that listens to the port sees that all is done; another reads GO.
wait:   movl    $0, GO(R(bp))
        out     %al, $0xf4
1:      pause
        cmpl    $0, GO(R(bp))
        je      1b
        lea     STEPS(R(bp)), R(bx)

next:   lea     STACK(R(bp)), R(sp)
        mov     R(bx), R(si)
        mov     (R(bx)), %eax
        movzwl  steps-base(R(bp),R(ax),2), %eax
        add     R(bp), R(ax)
        jmp     *R(ax)

# The state of a vector: CR0, CR3, CR4, EFER, PKRU, IA32_PKRS. CR4.PCIDE wants a CR3 without PCID.
enter:  mov     24(R(bx)), R(ax)
        btr     $PCIDE, %eax
        mov     R(ax), %cr4
        mov     $EFER, %ecx
        mov     32(R(bx)), %eax
        mov     36(R(bx)), %edx
        wrmsr
        mov     8(R(bx)), R(ax)
        mov     R(ax), %cr0
        mov     24(R(bx)), R(ax)
        bt      $PCIDE, %eax
        jnc     1f
        mov     R(ax), %cr4
1:      mov     16(R(bx)), R(dx)
        mov     R(dx), %cr3
        bt      $PKE, %eax
        jnc     2f
        push    R(ax)
        mov     40(R(bx)), %eax
        xor     %ecx, %ecx
        xor     %edx, %edx
        wrpkru
        pop     R(ax)
2:      bt      $PKS, %eax
        jnc     done
        mov     48(R(bx)), %eax
        jmp     rights

# Home again, with no translation of the vector left: CR4.PGE is 0 at home.
leave:  mov     HOME+8(R(bp)), R(ax)
        mov     R(ax), %cr3
        mov     %cr4, R(dx)
        mov     HOME+16(R(bp)), R(ax)
        mov     R(ax), %cr4
        mov     HOME(R(bp)), R(ax)
        mov     R(ax), %cr0
        push    R(dx)
        mov     $EFER, %ecx
        mov     HOME+24(R(bp)), %eax
        mov     HOME+28(R(bp)), %edx
        wrmsr
        pop     R(dx)
        xor     %eax, %eax
        bt      $PKS, %edx
        jnc     done
rights: mov     $PKRS, %ecx
        xor     %edx, %edx
        wrmsr
done:   ud2

# Address, value, bytes.
store:  mov     8(R(bx)), R(di)
        mov     16(R(bx)), R(ax)
        cmpb    $4, 24(R(bx))
        je      4f
        ja      8f
        mov     %al, (R(di))
        jmp     finished
8:
#ifdef LEGACY
        mov     20(%ebx), %edx
        mov     %edx, 4(%edi)
#endif
        mov     R(ax), (R(di))
        jmp     finished
4:      mov     %eax, (R(di))
        jmp     finished

# Address, and bytes where a step to store has them.
load:   mov     8(R(bx)), R(di)
        xor     %edx, %edx
        cmpb    $4, 24(R(bx))
        je      4f
        ja      8f
        movzbl  (R(di)), %eax
        jmp     finished
8:
#ifdef LEGACY
        mov     4(%edi), %edx
#endif
        mov     (R(di)), R(ax)
        jmp     finished
4:      mov     (R(di)), %eax
        jmp     finished

invlpg: mov     8(R(bx)), R(di)
        invlpg  (R(di))
        jmp     finished

# AX leads to nowhere, for a memory of zeros is a program that stores there.
access: mov     LINEAR(R(bx)), R(di)
        mov     DATA(R(bx)), R(cx)
#ifdef LEGACY
        movq    DATA(%ebx), %mm0
        mov     $0xfffffff0, %eax
        lea     FRAME(%ebx), %edx
        pushl   32(%edx)
        pushl   24(%edx)
        pushl   16(%edx)
        pushl   8(%edx)
        pushl   (%edx)
        iret
#else
        mov     $0x8000000000000000, %rax
        pushq   FRAME+32(%rbx)
        pushq   FRAME+24(%rbx)
        pushq   FRAME+16(%rbx)
        pushq   FRAME+8(%rbx)
        pushq   FRAME(%rbx)
        iretq
#endif

# The end of a step that cannot fault, which costs no exception.
finished:
        push    $0
        lea     GATES+5+8*DONE(R(bp)), R(cx)
        push    R(cx)

# Every step ends here, through the gate of an interrupt or an exception. SI is what BX was.
trapped:
        mov     R(si), R(bx)
        pop     R(cx)
        lea     -STEPS(R(bx)), R(di)
        sub     R(bp), R(di)
        shr     $1, R(di)
        lea     OUTCOMES(R(bp),R(di)), R(di)
        mov     R(ax), 16(R(di))
#ifdef LEGACY
        mov     %edx, 20(%edi)
#endif
        lea     GATES+5(R(bp)), R(dx)
        sub     R(dx), R(cx)
        shr     $3, %ecx
        mov     %ecx, (R(di))
        xor     %edx, %edx
        cmp     $32, %ecx
        jae     1f
        mov     $WITH_ERROR, %eax
        bt      %ecx, %eax
        jnc     1f
        pop     R(dx)
1:      mov     %edx, 4(R(di))
        mov     %cr2, R(ax)
        mov     R(ax), 8(R(di))
        pop     R(ax)
        mov     R(ax), 24(R(di))
        add     $STEP, R(bx)
        jmp     next

# Reads, writes, compare-exchanges and exchanges of 1, 2, 4 and 8 bytes at DI, 16 bytes of code each.
        .balign 16
accesses:
        movzbl  (R(di)), %eax
        ud2
        .balign 16
        movzwl  (R(di)), %eax
        ud2
        .balign 16
        mov     (R(di)), %eax
        ud2
        .balign 16
#ifdef LEGACY
        movq    (%edi), %mm0
        movd    %mm0, %eax
        psrlq   $32, %mm0
        movd    %mm0, %edx
#else
        mov     (%rdi), %rax
#endif
        ud2
        .balign 16
        mov     %cl, (R(di))
        ud2
        .balign 16
        mov     %cx, (R(di))
        ud2
        .balign 16
        mov     %ecx, (R(di))
        ud2
        .balign 16
#ifdef LEGACY
        movq    %mm0, (%edi)
#else
        mov     %rcx, (%rdi)
#endif
        ud2
        .balign 16
        xor     %eax, %eax
        lock cmpxchg %cl, (R(di))
        ud2
        .balign 16
        xor     %eax, %eax
        lock cmpxchg %cx, (R(di))
        ud2
        .balign 16
        xor     %eax, %eax
        lock cmpxchg %ecx, (R(di))
        ud2
        .balign 16
        xor     %eax, %eax
#ifdef LEGACY
        xor     %edx, %edx
        xor     %ecx, %ecx
        xor     %ebx, %ebx
        lock cmpxchg8b (%edi)
#else
        lock cmpxchg %rcx, (%rdi)
#endif
        ud2
        .balign 16
end:
