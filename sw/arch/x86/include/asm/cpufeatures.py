"""Features of the processor, and the control-register bits that turn them on.

Ref: Intel SDM Vol. 3A, sections 2.5 and 2.2.1; Linux 6.12, arch/x86/include/asm/cpufeatures.h,
arch/x86/include/uapi/asm/processor-flags.h.

This machine has no CPUID: ``Register.FEATURES`` has each feature at the bit number of the control
bit that allows it. Of PAE it says whether there is the paging mode of that name.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu

from .processor import boot_cpu_data


__all__ = [
    "EFER_LME", "EFER_NX", "EFER_SCE",
    "X86_CR0_AM", "X86_CR0_ET", "X86_CR0_MP", "X86_CR0_NE", "X86_CR0_PE", "X86_CR0_PG",
    "X86_CR0_WP",
    "X86_CR3_PCID_NOFLUSH",
    "X86_CR4_LA57", "X86_CR4_PAE", "X86_CR4_PCIDE", "X86_CR4_PGE", "X86_CR4_PSE", "X86_CR4_SMAP",
    "X86_CR4_SMEP",
    "X86_FEATURE_GBPAGES", "X86_FEATURE_INVPCID", "X86_FEATURE_LA57", "X86_FEATURE_LM",
    "X86_FEATURE_NX", "X86_FEATURE_PAE", "X86_FEATURE_PCID", "X86_FEATURE_PGE",
    "X86_FEATURE_PSE", "X86_FEATURE_SMAP", "X86_FEATURE_SMEP",
    "boot_cpu_has",
]


X86_CR0_PE = 1 << 0
X86_CR0_MP = 1 << 1
X86_CR0_ET = 1 << 4
X86_CR0_NE = 1 << 5
X86_CR0_WP = 1 << 16
X86_CR0_AM = 1 << 18
X86_CR0_PG = 1 << 31

X86_CR3_PCID_NOFLUSH = 1 << 63

X86_CR4_PSE   = 1 << 4
X86_CR4_PAE   = 1 << 5
X86_CR4_PGE   = 1 << 7
X86_CR4_LA57  = 1 << 12
X86_CR4_PCIDE = 1 << 17
X86_CR4_SMEP  = 1 << 20
X86_CR4_SMAP  = 1 << 21

EFER_SCE = 1 << 0
EFER_LME = 1 << 8
EFER_NX  = 1 << 11

X86_FEATURE_PSE     = 1 << 4
X86_FEATURE_PAE     = 1 << 5
X86_FEATURE_PGE     = 1 << 7
X86_FEATURE_INVPCID = 1 << 10
X86_FEATURE_NX      = 1 << 11
X86_FEATURE_LA57    = 1 << 12
X86_FEATURE_PCID    = 1 << 17
X86_FEATURE_SMEP    = 1 << 20
X86_FEATURE_SMAP    = 1 << 21
X86_FEATURE_GBPAGES = 1 << 26
X86_FEATURE_LM      = 1 << 29


def boot_cpu_has(cpu: Cpu, feature: int) -> bool:
    """Tell whether the processors have ``feature``. All of a machine are alike."""
    return bool(boot_cpu_data(cpu).x86_capability & feature)
