// A unit for access vectors, each of which it begins as if it had just been switched on.

#pragma once

#include "lone_unit.h"
#include "memory.h"

#include <cstdint>


class VectorUnit {
public:
    using Unit   = LoneUnit<SparseMemory>;
    using Driver = Unit::Driver;

    // In place of an outcome: there was no response.
    static constexpr uint64_t hung = ~UINT64_C(0);

    SparseMemory memory;
    Unit         unit;
    uint64_t     lasted = 0;  // cycles of the last access

    VectorUnit() : unit(memory) {}

    // Switches everything off and on, with another width of a physical address.
    void reset(uint64_t width) {
        unit.reset();
        put<Shared::in::maxphyaddr>(unit.top, width);
        memory.clear();
        lasted = 0;
    }

    // Four or eight bytes of memory.
    uint64_t load(uint64_t address, uint64_t size) const {
        uint64_t word = memory.read(address / 8);
        return size == 8 ? word : word >> 8 * (address % 8) & 0xffffffff;
    }

    void store(uint64_t address, uint64_t size, uint64_t value) {
        uint64_t mask = size == 8 ? ~UINT64_C(0) : UINT64_C(0xffffffff) << 8 * (address % 8);
        uint64_t before = memory.read(address / 8);
        memory.write(address / 8, (before & ~mask) | (value << 8 * (address % 8) & mask));
    }

    // Does an access to "linear", with kind | size << 8 | user << 16 | implicit << 24. Returns true
    // if there was a response: it is that of the present cycle.
    bool access(uint64_t linear, uint64_t how, uint64_t data) {
        Driver::offer(unit.top, AccessRequest{
            linear, how >> 8 & 0xff, how & 0xff, how >> 16 & 1, how >> 24 & 1, 0, data, 0});
        uint64_t accepted = 0;
        for (uint64_t waited = 0; waited <= Unit::patience; waited++) {
            unit.cycle();
            if (unit.driver.accepted)
                accepted = waited;
            if (unit.driver.responded) {
                lasted = waited - accepted;
                return true;
            }
        }
        return false;
    }

    // The end of the access whose response is that of the present cycle: fault, error code, CR2 and
    // physical address.
    void end(uint64_t *ending) const {
        auto response = Driver::response(unit.top);
        ending[0] = response.fault;
        ending[1] = response.error;
        ending[2] = Driver::cr2(unit.top);
        ending[3] = response.physical;
    }
};
