"""Words of the guided tour, for people who have not read the article."""

from dataclasses import dataclass


__all__ = ["STATIONS", "Words"]


@dataclass(frozen=True)
class Words:
    """Words of a station.

    Attributes
    ----------
    question : :class:`str`
        The one that the act answers.
    before : :class:`str`
        What one must know before the drawing.
    answer : :class:`str`
        The answer, as the drawing shows it.
    offer : :class:`str`
        What can be tried, as the name of a button.
    expect : :class:`str`
        What to expect of that.
    because : :class:`str`
        Why it is so.
    """

    question: str
    before:   str
    answer:   str
    offer:    str
    expect:   str
    because:  str


#: Of each act, from the first on.
STATIONS = (
    Words(
        question="Who stops a program that stores to a page it may only read?",
        before="A program never names memory directly. It names a linear address, and the "
               "processor\u2019s MMU looks up which piece of memory that is: it begins at the "
               "register CR3 and reads one entry of a table at each level. Each entry has bits. "
               "P: there is something here. R/W: it may be written. U/S: programs may use it, "
               "not only the kernel. XD: nothing here may be executed. The program has asked the "
               "kernel for one page that it may only read, and now it stores there.",
        answer="The hardware does. In the last entry, the PTE, R/W is 0: that bit decides, and it "
               "is lit. The store ends in a page fault, #PF, before a byte has moved. The kernel "
               "is called, finds that the program has no right to write there, and sends it a "
               "signal, SIGSEGV. Most programs die of it.",
        offer="Take CR0.WP away",
        expect="WP, write protect, is a bit of the control register CR0. It is about the kernel. "
               "So nothing changes for the program: its store is refused as before.",
        because="For a program R/W = 0 is always a refusal, whatever WP is."),
    Words(
        question="Is the kernel stopped at the same address?",
        before="The kernel runs on the same processor, and through the same tables. It stores to "
               "the very address that the program was refused at. First CR0.WP is 1, as Linux "
               "always has it. Then the kernel clears WP, and stores again.",
        answer="With WP = 1 it is: the page fault has another error code, 0x3 and not 0x7, since "
               "this time it was no program. With WP = 0 the same store is done: R/W counts for "
               "programs alone then. So what stops the kernel is one bit, which the kernel "
               "itself can clear.",
        offer="Take CR0.WP away",
        expect="A kernel that never sets WP is stopped nowhere: the claim that its first store is "
               "refused must fail. The others are about WP = 0 already, and hold.",
        because="With WP = 0 the MMU does not ask for R/W when the kernel stores."),
    Words(
        question="May the kernel touch a page that the program may write?",
        before="It seems that it should: R/W and U/S are both 1, all the way down. But pages of "
               "programs hold what programs put there, and a kernel that is tricked into using "
               "it is a kernel that is taken over. So processors got SMAP: supervisor-mode "
               "access prevention.",
        answer="Not by accident. While SMAP is on, any access of the kernel to a user\u2019s page "
               "is a page fault, unless the flag AC is set. The instruction STAC sets it, for "
               "when the kernel means it, and CLAC clears it again. Clearing WP does not help "
               "here.",
        offer="Take SMAP away",
        expect="Without SMAP nothing stands between the kernel and this page: loads and stores "
               "are done without AC. All claims that something is refused must fail.",
        because="U/S = 1 lets programs in, and it never kept the kernel out. Only SMAP does."),
    Words(
        question="How does the kernel write into a program\u2019s memory when it means to?",
        before="Programs ask for it all the time: read(2) says \u201cput the bytes of this file "
               "there\u201d. The kernel has one function for it, copy_to_user. It is called with "
               "the program\u2019s own address, once for a page that may be written, and once for "
               "the one that may only be read.",
        answer="It sets AC for the copy alone, and uses the program\u2019s address, so that the "
               "MMU checks it as it checks the program. At the read-only page the MMU refuses; "
               "the kernel notices, and the call ends with an error, EFAULT. This channel keeps "
               "the rules.",
        offer="Take CR0.WP away",
        expect="The check was made by the MMU, by means of WP. So copy_to_user now writes into the "
               "read-only page, and nobody notices. And the page that two processes shared since a "
               "fork is written without the copy that each should have got.",
        because="Copy-on-write counts on the page fault: without it no copy is made, and the "
                "bytes go into the frame of both."),
    Words(
        question="Then how can a write through a file change that page, with all guards up?",
        before="Linux shows the memory of each process as a file: /proc/self/mem. The program "
               "opens its own, and writes four bytes, at the place that is the address of its "
               "read-only page. WP is 1, SMAP is on, AC is 0. This is what the article is about.",
        answer="The call succeeds, and the bytes change. The kernel does not use the "
               "program\u2019s address at all: it reads the tables itself, as data, to find the "
               "frame, and stores to that by an address of its own, on the right, where R/W is 1 "
               "and the user\u2019s entry has no say. The MMU has nothing to refuse: "
               "two addresses lead to one frame, and a right belongs to an address.",
        offer="Take FOLL_FORCE away",
        expect="FOLL_FORCE is the flag by which this file asks the kernel to ignore that the "
               "mapping is read-only. Linux 6.12 can be told never to set it. Then the call must "
               "fail with an error, EIO, before any address of the kernel\u2019s own comes into "
               "play.",
        because="It is software that says no: the page tables and the MMU are the same as before."),
    Words(
        question="What of a page that others use, too?",
        before="Two processes map one file, each privately. Until one of them writes, both read "
               "the same frame, that of the file. Now the first writes through the memory file "
               "of the second: /proc/PID/mem.",
        answer="The second process alone sees the new bytes, in a frame of its own. On its way "
               "down the tables the kernel found a page that is shared, and copied it first, as "
               "if the process had stored there. Neither the file nor the first process changes. "
               "Races in just this copying were Dirty COW.",
        offer="Take CR0.WP away",
        expect="In act 4 this took the copy away. Here nothing changes: all claims hold.",
        because="This copy was not asked for by a page fault of the MMU. The kernel walks the "
                "tables in software, and asks for the copy itself."),
    Words(
        question="Does a right belong to the memory, or to the address?",
        before="A program can do what the kernel did, if it may: it maps one file twice, once to "
               "be written and once to be read. Two addresses, one frame.",
        answer="To the address. The TLB, which keeps translations so that the tables need not be "
               "read each time, holds both at once, each with its rights. The store by the one "
               "is done, the store by the other refused, and a load by either shows the same "
               "bytes. No frame is read-only; an address is.",
        offer="Play it with 32-bit paging",
        expect="Two levels of tables instead of four, entries of half the size, no XD: and the "
               "same end. All claims hold.",
        because="Since the 80386 rights are in the entries that lead to a frame, not with it."),
    Words(
        question="Is there anything that still stops such a write?",
        before="The MMU does not. But before the kernel stores, software has looked at the "
               "mapping. Three attempts: at a page that is shared with a file opened for reading, "
               "at an address where nothing is mapped, and across the end of the mapping.",
        answer="Rules in the kernel do, and only these. A shared read-only mapping is refused, "
               "for the bytes would reach the file; so is a hole. Both end in EIO, before any "
               "store. At the end of the mapping the call stops short: three bytes were written, "
               "and it says so.",
        offer="Take FOLL_FORCE away",
        expect="What was refused is refused still. But now the three bytes before the end are "
               "refused as well, since their page may only be read.",
        because="Without the flag the kernel asks what the MMU would have asked: may this mapping "
                "be written?"),
)
