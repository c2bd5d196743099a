// The least that makes the compiled design copy memory: a limit for whatever drives it.
//
// The accesses are those of a kernel's copy, loads of 64 words and then stores of them. There are no
// commands, no marks, no time slices and no log, and memory is one array.

#pragma once

#include "lone_unit.h"
#include "memory.h"

#include <cstdint>


class Bare {
public:
    static constexpr uint64_t chunk = 64, word_bytes = 8;

    uint64_t cycles = 0;

    Bare(uint64_t *words, uint64_t count) : memory(words, count), unit(memory) {}

    // True if something went wrong: a fault, an address without memory, no response for long.
    bool failed() const { return broken; }

    // Writes a control register.
    void control(uint64_t number, uint64_t value) {
        Unit::Driver::offer(unit.top, ControlRequest{op_write, number, value, 0, 0});
        progress = cycles;
        do
            cycle();
        while (!failed() && !unit.driver.control_responded);
        broken |= !unit.driver.control_responded
            || Unit::Driver::control_response(unit.top).fault;
    }

    // Copies "count" words between linear addresses, a multiple of the chunk.
    void copy(uint64_t to, uint64_t from, uint64_t count) {
        for (uint64_t done = 0; done < count * word_bytes && !failed();
             done += chunk * word_bytes) {
            string<false>(from + done);
            string<true>(to + done);
        }
    }

private:
    using Unit = LoneUnit<ArrayMemory>;

    // Loads the buffer, or stores it.
    template<bool write>
    void string(uint64_t linear) {
        uint64_t requested = 0, completed = 0;
        offer<write>(linear, requested++);
        for (progress = cycles; !failed() && completed < chunk; ) {
            cycle();
            if (unit.driver.accepted && requested < chunk)
                offer<write>(linear, requested++);
            if (unit.driver.responded) {
                auto response = Unit::Driver::response(unit.top);
                if (!write)
                    buffer[completed] = response.data;
                completed++;
                broken  |= response.fault != fault_none;
                progress = cycles;
            }
        }
    }

    template<bool write>
    void offer(uint64_t linear, uint64_t index) {
        Unit::Driver::offer(unit.top, AccessRequest{
            linear + index * word_bytes, word_bytes, write ? kind_write : kind_read, 0, 0,
            index != 0, write ? buffer[index] : 0, 0});
    }

    void cycle() {
        unit.cycle();
        cycles++;
        broken |= cycles - progress > Unit::patience;
    }

    ArrayMemory memory;
    Unit        unit;
    uint64_t    buffer[chunk] = {};
    uint64_t    progress = 0;    // the last cycle in which something happened
    bool        broken   = false;
};
