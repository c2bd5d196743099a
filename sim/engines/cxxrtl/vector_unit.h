// A unit for access vectors, each of which it begins as if it had just been switched on.

#pragma once

#include "lone_unit.h"
#include "memory.h"

#include <cstdint>


// Looks at nothing.
struct Unobserved {
    template<class Top, class Driver>
    void sample(const Top &, const Driver &, uint64_t) {}
};


// An observer "samples" each cycle from the reset on.
template<class Observer = Unobserved>
class VectorUnit {
public:
    using Unit   = LoneUnit<SparseMemory>;
    using Driver = Unit::Driver;

    // In place of an outcome: there was no response.
    static constexpr uint64_t hung = ~UINT64_C(0);

    SparseMemory memory;
    Unit         unit;
    uint64_t     lasted = 0;  // cycles of the last access
    Observer     observer;

    VectorUnit() : unit(memory) {}

    // Switches everything off and on, with another width of a physical address.
    void reset(uint64_t width) {
        unit.reset();
        put<Shared::in::maxphyaddr>(unit.top, width);
        memory.clear();
        lasted   = now = 0;
        observer = {};
    }

    void cycle() {
        unit.cycle([this] { observer.sample(unit.top, unit.driver, now); });
        now++;
    }

    // Four or eight bytes of memory.
    uint64_t load(uint64_t address, uint64_t size) const {
        uint64_t word = memory.read(address / 8);
        return size == 8 ? word : word >> 8 * (address % 8) & 0xffffffff;
    }

    void store(uint64_t address, uint64_t size, uint64_t value) {
        uint64_t mask   = lanes(address, size);
        uint64_t before = memory.read(address / 8);
        memory.write(address / 8, (before & ~mask) | (value << 8 * (address % 8) & mask));
    }

    // The same, as soon as the unit has read the word.
    void store_once_read(uint64_t address, uint64_t size, uint64_t value) {
        memory.store_once_read(address / 8, lanes(address, size), value << 8 * (address % 8));
    }

    // Does an access to "linear", with kind | size << 8 | user << 16 | implicit << 24. Returns true
    // if there was a response: it is that of the present cycle.
    bool access(uint64_t linear, uint64_t how, uint64_t data, uint64_t compare = 0) {
        Driver::offer(unit.top, AccessRequest{
            linear, how >> 8 & 0xff, how & 0xff, how >> 16 & 1, how >> 24 & 1, 0, data, compare});
        uint64_t accepted = 0;
        for (uint64_t waited = 0; waited <= Unit::patience; waited++) {
            cycle();
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

private:
    // The bits of a word in which four or eight bytes are.
    static uint64_t lanes(uint64_t address, uint64_t size) {
        return size == 8 ? ~UINT64_C(0) : UINT64_C(0xffffffff) << 8 * (address % 8);
    }

    uint64_t now = 0;
};
