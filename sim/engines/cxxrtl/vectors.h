// Access vectors: each on a unit that has just been switched on, with a memory of its own.

#pragma once

#include "clock.h"
#include "memory.h"
#include "port.h"

#include <vector>


// Words of physical memory, zero but for those that were stored. Empty in no time.
class Scratch {
public:
    Scratch() : slots(64) {}

    void clear() {
        epoch++;
        used = 0;
    }

    uint64_t read(uint64_t word) const {
        const Slot &slot = slots[place(word)];
        return slot.epoch == epoch ? slot.value : 0;
    }

    void write(uint64_t word, uint64_t value) {
        size_t found = place(word);
        if (slots[found].epoch != epoch && ++used * 2 > slots.size()) {
            grow();
            found = place(word);
        }
        slots[found] = {word, value, epoch};
    }

private:
    struct Slot {
        uint64_t word = 0, value = 0, epoch = 0;
    };

    // Where a word is, or would be.
    size_t place(uint64_t word) const {
        size_t mask = slots.size() - 1, at = (word * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & mask;
        while (slots[at].epoch == epoch && slots[at].word != word)
            at = (at + 1) & mask;
        return at;
    }

    void grow() {
        std::vector<Slot> old(slots.size() * 2);
        std::swap(old, slots);
        for (const Slot &slot : old)
            if (slot.epoch == epoch)
                slots[place(slot.word)] = slot;
    }

    std::vector<Slot> slots;
    uint64_t epoch = 1, used = 0;
};


// A vector is a row of numbers: the width of a physical address in bits, how many entries, their
// size in bytes, how many operations; the address and the value of each entry; for each operation
// three numbers, which mean
//   a control write:  0, register, value
//   an access:        1, linear address, kind | size << 8 | user << 16 | implicit << 24
// Its outcome too: 0, or 1 + the number of the operation that was refused, or "hung"; the cycles of
// the last access; for each access fault, error code, CR2 and physical address; the entries.
class Vectors {
    using in  = Cpu0::in;
    using out = Cpu0::out;

public:
    // Does "count" vectors. Returns the end of the outcomes.
    uint64_t *run(const uint64_t *vector, uint64_t count, uint64_t *outcome) {
        while (count--) {
            uint64_t width = vector[0], count_of_entries = vector[1], size = vector[2];
            uint64_t count_of_operations = vector[3];
            const uint64_t *entries = vector + 4, *operations = entries + 2 * count_of_entries;
            reset(width);
            for (uint64_t index = 0; index < count_of_entries; index++)
                store(entries[2 * index], size, entries[2 * index + 1]);
            uint64_t *ending = outcome + 2;
            outcome[0] = perform(operations, count_of_operations, ending);
            outcome[1] = lasted;
            for (uint64_t index = 0; index < count_of_entries; index++)
                *ending++ = load(entries[2 * index], size);
            outcome = ending;
            vector  = operations + 3 * count_of_operations;
        }
        return outcome;
    }

private:
    static constexpr uint64_t hung = ~UINT64_C(0), patience = 10000;

    void reset(uint64_t width) {
        clocked.reset();
        put<Shared::in::maxphyaddr>(clocked.top, width);
        put<in::response_ready>(clocked.top, 1);
        put<in::controlled_ready>(clocked.top, 1);
        memory.clear();
        lasted = 0;
    }

    uint64_t load(uint64_t address, uint64_t size) const {
        uint64_t word = memory.read(address / 8);
        return size == 8 ? word : word >> 8 * (address % 8) & 0xffffffff;
    }

    void store(uint64_t address, uint64_t size, uint64_t value) {
        uint64_t mask = size == 8 ? ~UINT64_C(0) : UINT64_C(0xffffffff) << 8 * (address % 8);
        uint64_t before = memory.read(address / 8);
        memory.write(address / 8, (before & ~mask) | (value << 8 * (address % 8) & mask));
    }

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
        uint64_t asked = 0, answered = 0, refused = 0;
        offer(writes);
        for (uint64_t waited = 0; waited <= patience; waited++) {
            clocked.evaluate();
            bool taken = get<out::control_valid>(clocked.top)
                && get<out::control_ready>(clocked.top);
            if (get<out::controlled_valid>(clocked.top)) {
                answered++;
                if (!refused && get_field(bits<out::controlled>(clocked.top),
                                          controlled_fields::fault))
                    refused = answered;
            }
            advance();
            if (answered == count)
                return refused;
            if (taken && ++asked < count)
                offer(writes + 3 * asked);
            else if (taken)
                put<in::control_valid>(clocked.top, 0);
        }
        return hung;
    }

    void offer(const uint64_t *write) {
        Bits<in::control> bits;
        set_field(bits, control_fields::op,        op_write);
        set_field(bits, control_fields::register_, write[1]);
        set_field(bits, control_fields::value,     write[2]);
        in::control::of(clocked.top) = bits;
        put<in::control_valid>(clocked.top, 1);
    }

    // Returns whether the access was answered.
    bool access(uint64_t linear, uint64_t how, uint64_t *ending) {
        Bits<in::request> bits;
        uint64_t size = how >> 8 & 0xff;
        set_field(bits, request_fields::linear,   linear);
        set_field(bits, request_fields::size,     size == 8 ? 3 : size / 2);
        set_field(bits, request_fields::kind,     how & 0xff);
        set_field(bits, request_fields::user,     how >> 16 & 1);
        set_field(bits, request_fields::implicit, how >> 24 & 1);
        in::request::of(clocked.top) = bits;
        put<in::request_valid>(clocked.top, 1);
        uint64_t asked = 0;
        for (uint64_t waited = 0; waited <= patience; waited++) {
            clocked.evaluate();
            bool taken    = get<out::request_valid>(clocked.top)
                && get<out::request_ready>(clocked.top);
            bool answered = get<out::response_valid>(clocked.top);
            if (answered)
                end(ending);
            advance();
            if (taken) {
                asked = waited;
                put<in::request_valid>(clocked.top, 0);
            }
            if (answered) {
                lasted = waited - asked;
                return true;
            }
        }
        return false;
    }

    void end(uint64_t *ending) {
        const auto &response = bits<out::response>(clocked.top);
        ending[0] = get_field(response, response_fields::fault);
        ending[1] = get_field(response, response_fields::error);
        ending[2] = get_field(bits<out::state>(clocked.top), state_fields::cr2);
        ending[3] = get_field(response, response_fields::physical);
    }

    // Ends the cycle. Memory answers in the next one: as in "memory.h", with a latency of 1.
    void advance() {
        auto &top = clocked.top;
        bool asked = get<Shared::out::cyc>(top) && get<Shared::out::stb>(top);
        uint64_t before = 0;
        if (asked) {
            uint64_t word = get<Shared::out::adr>(top);
            before = memory.read(word);
            if (get<Shared::out::we>(top))
                memory.write(word, merged(before, get<Shared::out::dat_w>(top),
                                          uint8_t(get<Shared::out::sel>(top))));
        }
        clocked.advance();
        put<Shared::in::ack>(top, asked);
        put<Shared::in::dat_r>(top, before);
    }

    Clocked  clocked;
    Scratch  memory;
    uint64_t lasted = 0;  // cycles of the last access
};
