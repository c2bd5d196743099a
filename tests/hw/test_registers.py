"""Every bit of every write of a control register, in every mode."""

import pytest
from registers_support import ALL_BASES, BASES, KEYS, SETUP, fate

from sw.bus import GeneralProtection, Register

from .mmu_support import SMALL, bench_of, compiled


#: Features of a unit, and the bits that it then keeps besides. Two have no PCIDs.
MACHINES = {
    "plain":          ({}, {}),
    "keys":           ({"pcid": False, "pku": True, "pks": True}, KEYS),
    "modes":          ({"pcid": False, "pae": True, "la57": True}, {}),
    "modes and keys": ({"pae": True, "la57": True, "pku": True, "pks": True}, KEYS),
}


def changed(base, register, bit):
    """The registers once ``bit`` of one of them has changed."""
    if register is Register.RFLAGS:
        return base | {"ac": 1}
    name  = register.name.lower()
    after = base | {name: base[name] ^ 1 << bit}
    if (register, bit) == (Register.CR0, 31):  # LMA is LME and PG
        lme, lma = after["efer"] & 1 << 8, 1 << 10
        after["efer"] = after["efer"] & ~lma | lma * bool(lme and after["cr0"] >> 31)
    return after


@pytest.mark.slow
@pytest.mark.parametrize("register", Register, ids=lambda register: register.name)
@pytest.mark.parametrize("machine, mode", [
    (machine, mode) for machine in MACHINES for mode in (ALL_BASES if "mode" in machine else BASES)
])
def test_each_bit_of_a_write_is_kept_ignored_or_refused(machine, mode, register):
    features, besides = MACHINES[machine]
    value = ALL_BASES[mode].get(register, 0)
    wrong = []

    async def main(cpu):
        for name in SETUP:
            await cpu.write_control(name, ALL_BASES[mode].get(name, 0))
        base = cpu.registers
        for bit in range(64):
            try:
                await cpu.write_control(register, value ^ 1 << bit)
                refused = False
            except GeneralProtection:
                refused = True
            due   = fate(mode, register, bit, all_modes="pae" in features,
                         pcid=features.get("pcid", True), besides=besides)
            after = changed(base, register, bit) if due == "kept" else base
            if refused != (due == "refused") or cpu.registers != after:
                wrong.append((bit, due))
            if due == "kept":
                assert await cpu.read_control(register) == after.get(
                    register.name.lower(), after["ac"] << 18)
                await cpu.write_control(register, value)
        assert wrong == []

    (compiled() if machine == "modes and keys" else bench_of(**SMALL, **features)).run(main)
