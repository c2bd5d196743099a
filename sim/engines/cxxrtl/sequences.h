// Access vectors of version 2: sequences of steps, each on a unit that has just been switched on.

#pragma once

#include "vector_unit.h"

#include <algorithm>
#include <cstdint>


// A sequence is a row of numbers: the width of a physical address in bits, how many entries, their
// size in bytes, how many operations prepare the unit, how many follow, how many places are looked at
// afterwards; the address and the value of each entry; for each operation six numbers, which mean
//   a control operation:  0, operation, register, value, PCID, linear address
//   an access:            1, linear address, kind | size << 8 | user << 16 | implicit << 24, data,
//                         comparand
//   a store to memory:    2, address, size in bytes, value
//   ... that waits until the unit has read the word: 3, and the same
// and the address and the size of each place.
// Its outcome too: 0, or 1 + the number of the preparing operation that was refused, or "hung"; for
// each operation that follows six numbers, which are fault, error code, CR2, physical address, data
// and cycles, and 0 where that means nothing; the places.
template<class Observer = Unobserved>
class Sequences {
public:
    using Unit = VectorUnit<Observer>;

    Unit unit;

    // Does "count" sequences. Returns the end of the outcomes.
    uint64_t *run(const uint64_t *sequence, uint64_t count, uint64_t *outcome) {
        while (count--) {
            uint64_t entries = sequence[1], size = sequence[2];
            uint64_t preparing = sequence[3], following = sequence[4], places = sequence[5];
            unit.reset(sequence[0]);
            const uint64_t *next = sequence + 6;
            for (; entries--; next += 2)
                unit.store(next[0], size, next[1]);

            uint64_t &result = *outcome++ = 0;
            for (uint64_t index = 0; index < preparing; index++, next += numbers) {
                uint64_t ending[numbers] = {};
                if (!result && !operate(next, ending))
                    result = Unit::hung;
                else if (!result && ending[0])
                    result = index + 1;
            }
            for (; following--; next += numbers, outcome += numbers) {
                std::fill(outcome, outcome + numbers, 0);
                if (!result && !operate(next, outcome))
                    result = Unit::hung;
            }
            unit.cycle();  // in which registers are seen that the last operation has changed
            for (; places--; next += 2)
                *outcome++ = unit.load(next[0], next[1]);
            sequence = next;
        }
        return outcome;
    }

private:
    using Driver = typename Unit::Driver;

    // Of an operation, and of its outcome.
    static constexpr uint64_t numbers = 6;

    // Returns false if there was no response.
    bool operate(const uint64_t *operation, uint64_t *ending) {
        switch (operation[0]) {
        case 0:
            return control(operation, ending);
        case 1:
            return access(operation, ending);
        case 2:
            unit.store(operation[1], operation[2], operation[3]);
            return true;
        default:
            unit.store_once_read(operation[1], operation[2], operation[3]);
            return true;
        }
    }

    bool control(const uint64_t *operation, uint64_t *ending) {
        auto &lone = unit.unit;
        Driver::offer(lone.top, ControlRequest{
            operation[1], operation[2], operation[3], operation[4], operation[5]});
        for (uint64_t waited = 0; waited <= Unit::Unit::patience; waited++) {
            unit.cycle();
            if (lone.driver.control_responded) {
                ending[0] = Driver::control_response(lone.top).fault;
                return true;
            }
        }
        return false;
    }

    bool access(const uint64_t *operation, uint64_t *ending) {
        if (!unit.access(operation[1], operation[2], operation[3], operation[4]))
            return false;
        unit.end(ending);
        ending[4] = Driver::response(unit.unit.top).data;
        ending[5] = unit.lasted;
        return true;
    }
};
