# The way from what QEMU boots, a processor without paging at a Multiboot header, to the guest.
#
# It waits for the host, which puts the guest into memory and says where it begins. BOOT is where it
# is loaded; offsets behind the code are those of qemu.py, which has it as bytes.

        .code32
        .set BOOT,   0x100000
        .set REGION, 0x7c000000
        .set HOME,   REGION + 0x3380
        .set GO,     BOOT + 0x100
        .set GDTR,   BOOT + 0x108
        .set FAR,    BOOT + 0x110       # offset and selector: `thirty_two` or `sixty_four`
        .set ENTRY,  BOOT + 0x118

        .set MAGIC,  0x1badb002
        .set FLAGS,  0x00010000         # addresses are below; the file has no ELF header

header: .long   MAGIC, FLAGS, -(MAGIC + FLAGS)
        .long   BOOT, BOOT, BOOT + 0x200, 0, BOOT + start - header
        .word   thirty_two - header, sixty_four - header

start:  cli
1:      pause
        cmpl    $0, GO
        je      1b
        lgdtl   GDTR
        mov     HOME + 16, %eax
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx
        mov     HOME + 24, %eax
        xor     %edx, %edx
        wrmsr
        mov     HOME + 8, %eax
        mov     %eax, %cr3
        mov     HOME, %eax
        mov     %eax, %cr0
        ljmp    *FAR

thirty_two:
        jmp     *ENTRY

        .code64
sixty_four:
        mov     $ENTRY, %eax
        jmp     *(%rax)
