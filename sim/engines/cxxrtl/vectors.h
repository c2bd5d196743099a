// Access vectors: each on a unit that has just been switched on, with a memory of its own.

#pragma once

#include "vector_unit.h"

#include <algorithm>
#include <cstdint>


// A vector is a row of numbers: the width of a physical address in bits, how many entries, their
// size in bytes, how many operations; the address and the value of each entry; for each operation
// three numbers, which mean
//   a control write:  0, register, value
//   an access:        1, linear address, kind | size << 8 | user << 16 | implicit << 24
// Its outcome too: 0, or 1 + the number of the operation that was refused, or "hung"; the cycles of
// the last access; for each access fault, error code, CR2 and physical address; the entries.
class Vectors {
public:
    // Does "count" vectors. Returns the end of the outcomes.
    uint64_t *run(const uint64_t *vector, uint64_t count, uint64_t *outcome) {
        while (count--) {
            uint64_t width = vector[0], count_of_entries = vector[1], size = vector[2];
            uint64_t count_of_operations = vector[3];
            const uint64_t *entries = vector + 4, *operations = entries + 2 * count_of_entries;
            unit.reset(width);
            for (uint64_t index = 0; index < count_of_entries; index++)
                unit.store(entries[2 * index], size, entries[2 * index + 1]);
            uint64_t *ending = outcome + 2;
            outcome[0] = perform(operations, count_of_operations, ending);
            outcome[1] = unit.lasted;
            for (uint64_t index = 0; index < count_of_entries; index++)
                *ending++ = unit.load(entries[2 * index], size);
            outcome = ending;
            vector  = operations + 3 * count_of_operations;
        }
        return outcome;
    }

private:
    using Driver = VectorUnit<>::Driver;

    static constexpr uint64_t hung = VectorUnit<>::hung;

    // Does operations until one is refused. Fills all endings; returns the outcome's first number.
    uint64_t perform(const uint64_t *operations, uint64_t count, uint64_t *&ending) {
        uint64_t result = 0, index = 0;
        while (index < count) {
            const uint64_t *operation = operations + 3 * index;
            if (operation[0]) {
                std::fill(ending, ending + 4, 0);
                if (!result && !access(operation[1], operation[2], ending))
                    result = hung;
                ending += 4;
                index++;
            } else {
                uint64_t writes = 1;
                while (index + writes < count && !operation[3 * writes])
                    writes++;
                if (!result && (result = control(operation, writes)) && result != hung)
                    result += index;
                index += writes;
            }
        }
        return result;
    }

    // Writes registers back to back. Returns 0, or the number of the first write that was refused,
    // counted from 1.
    uint64_t control(const uint64_t *writes, uint64_t count) {
        auto &lone = unit.unit;
        uint64_t requested = 0, completed = 0, refused = 0;
        offer(writes + 3 * requested++);
        for (uint64_t waited = 0; waited <= VectorUnit<>::Unit::patience; waited++) {
            unit.cycle();
            if (lone.driver.control_responded) {
                completed++;
                if (!refused && Driver::control_response(lone.top).fault)
                    refused = completed;
            }
            if (completed == count)
                return refused;
            if (lone.driver.control_accepted && requested < count)
                offer(writes + 3 * requested++);
        }
        return hung;
    }

    void offer(const uint64_t *write) {
        Driver::offer(unit.unit.top, ControlRequest{op_write, write[1], write[2], 0, 0});
    }

    // Returns true if there was a response.
    bool access(uint64_t linear, uint64_t how, uint64_t *ending) {
        if (!unit.access(linear, how, 0))
            return false;
        unit.end(ending);
        return true;
    }

    VectorUnit<> unit;
};
