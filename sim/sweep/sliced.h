// Many units at a time, each with a case of its own: a bit of a word is one unit's.
//
// "cycle.h" is generated from the design. Its ports are those of "pins.py".

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>


// As wide as the vector registers that most processors have; a compiler splits it for others.
typedef uint64_t Word __attribute__((vector_size(32)));

#include "cycle.h"
#include "job.h"


// Units of a word.
constexpr unsigned lanes = 8 * sizeof(Word);

static inline bool any(const Word &word) {
    uint64_t found = 0;
    for (unsigned part = 0; part < sizeof(Word) / 8; part++)
        found |= word[part];
    return found;
}

static inline bool bit(const Word &word, unsigned lane) {
    return word[lane / 64] >> lane % 64 & 1;
}

static inline Word all(bool value) {
    return Word{} - uint64_t(value);
}


// A word of memory, of 64 bits, in each unit's memory.
struct Cell {
    uint64_t address;  // number of the word
    uint64_t value;    // before the access, but for the bits that the planes have
    Word     bits[64];
    Word     wanted[64];
};

// A block of cases is a "Job", which Python has too: see "unit.py". A plane has a bit of each.


class Sliced {
public:
    // Does the cases of a block. Writes down each that ends otherwise than it should: its number,
    // whether there was a response, fault, error code, CR2, physical address, the cells. Returns
    // how many there are; or -1 if a control write was refused or not accepted.
    int64_t run(const Job &job, uint64_t *found) {
        cells.resize(job.cells);
        for (uint64_t index = 0; index < job.cells; index++) {
            cells[index].address = numbers(job.cell)[2 * index];
            cells[index].value   = numbers(job.cell)[2 * index + 1];
        }
        if (!prepare(job))
            return -1;
        int64_t count = 0;
        for (uint64_t group = 0; group < 8 * job.size / lanes; group++) {
            std::memcpy(now, ready, sizeof(ready));
            fill(job, group);
            access(job, group);
            Word differs = compare(job, group);
            if (!any(differs))
                continue;
            for (unsigned lane = 0; lane < lanes; lane++)
                if (bit(differs, lane)) {
                    found = tell(group * lanes + lane, lane, found);
                    count++;
                }
        }
        return count;
    }

private:
    static constexpr unsigned patience = 300;  // cycles that an operation may take
    static constexpr unsigned settling = 8;    // cycles in which a TLB has forgotten everything

    // Switches the units on, and writes their registers. They are all equal then.
    bool prepare(const Job &job) {
        std::memset(in, 0, sizeof(in));
        acknowledged = Word{};
        for (unsigned index = 0; index < registers; index++)
            now[index] = all(initial[index]);
        for (auto &cell : cells)
            for (unsigned index = 0; index < 64; index++)
                cell.bits[index] = all(cell.value >> index & 1);
        for (uint64_t index = 0; index < job.writes; index++)
            if (!control(numbers(job.write)[2 * index], numbers(job.write)[2 * index + 1]))
                return false;
        for (unsigned waited = 0; waited < settling; waited++)
            step();
        std::memcpy(ready, now, sizeof(ready));
        return true;
    }

    bool control(uint64_t number, uint64_t value) {
        in[in::control_valid] = all(true);
        put(in::control_register, in::control_register_width, number);
        put(in::control_value, in::control_value_width, value);
        for (unsigned waited = 0; waited < patience; waited++) {
            step();
            if (any(out[out::control_done]))
                return !any(out[out::control_refused]);
            if (any(out[out::control_ready]))
                in[in::control_valid] = Word{};
        }
        return false;
    }

    void put(unsigned port, unsigned width, uint64_t value) {
        for (unsigned index = 0; index < width; index++)
            in[port + index] = all(value >> index & 1);
    }

    static const uint64_t *numbers(uint64_t address) {
        return reinterpret_cast<const uint64_t *>(address);
    }

    // A plane's bits of the cases of a group.
    static Word plane(const Job &job, uint64_t number, uint64_t group) {
        Word word;
        auto first = reinterpret_cast<const char *>(job.planes);
        std::memcpy(&word, first + number * job.size + group * sizeof(word), sizeof(word));
        return word;
    }

    // Fills the units' memories.
    void fill(const Job &job, uint64_t group) {
        for (auto &cell : cells)
            for (unsigned index = 0; index < 64; index++)
                cell.bits[index] = cell.wanted[index] = all(cell.value >> index & 1);
        for (uint64_t index = 0; index < job.before; index++) {
            auto which = numbers(job.before_of) + 3 * index;
            auto &cell = cells[which[0]];
            cell.bits[which[1]] = cell.wanted[which[1]] = plane(job, which[2], group);
        }
        for (uint64_t index = 0; index < job.after; index++) {
            auto which = numbers(job.after_of) + 3 * index;
            cells[which[0]].wanted[which[1]] |= plane(job, which[2], group);
        }
        for (auto &word : cells[job.data].wanted)
            word &= ~plane(job, job.stored, group);
    }

    // Does the access of each unit. What a unit has responded is kept.
    void access(const Job &job, uint64_t group) {
        std::memset(in, 0, sizeof(in));
        acknowledged = stray = done = Word{};
        in[in::access_valid]    = all(true);
        in[in::access_user]     = plane(job, job.user, group);
        in[in::access_implicit] = plane(job, job.implicit, group);
        for (unsigned index = 0; index < in::access_kind_width; index++)
            in[in::access_kind + index] = plane(job, job.kind + index, group);
        put(in::access_linear, in::access_linear_width, job.linear);
        for (unsigned waited = 0; waited < patience && any(~done); waited++) {
            step();
            in[in::access_valid] &= ~out[out::access_ready];
            Word responds = out[out::access_done];
            if (!any(responds))
                continue;
            for (unsigned index = out::access_fault; index < out::access_cr2
                 + out::access_cr2_width; index++)
                response[index] = (response[index] & ~responds) | (out[index] & responds);
            done |= responds;
        }
    }

    // One cycle of the units, and of the memories behind them.
    void step() {
        in[in::memory_ack] = acknowledged;
        cycle(in, now, next, out);
        std::swap(now, next);
        acknowledged = out[out::memory_cyc] & out[out::memory_stb];
        if (any(acknowledged))
            transfer(acknowledged, acknowledged & out[out::memory_we]);
    }

    void transfer(const Word &active, const Word &writing) {
        Word hit[8], missed = active;
        for (size_t index = 0; index < cells.size(); index++) {
            Word same = missed;
            for (unsigned place = 0; place < out::memory_adr_width; place++) {
                Word line = out[out::memory_adr + place];
                same &= cells[index].address >> place & 1 ? line : ~line;
            }
            hit[index] = same;
            missed &= ~same;
        }
        stray |= missed & writing;
        for (unsigned place = 0; place < 64; place++) {
            Word value = {};
            for (size_t index = 0; index < cells.size(); index++)
                value |= hit[index] & cells[index].bits[place];
            in[in::memory_dat_r + place] = value;
        }
        if (!any(writing))
            return;
        for (size_t index = 0; index < cells.size(); index++) {
            Word here = hit[index] & writing;
            if (!any(here))
                continue;
            for (unsigned place = 0; place < 64; place++) {
                Word stores = here & out[out::memory_sel + place / 8];
                auto &kept  = cells[index].bits[place];
                kept = (kept & ~stores) | (out[out::memory_dat_w + place] & stores);
            }
        }
    }

    // Units whose outcome is not what it should be. CR2 counts after a page fault, and a physical
    // address where there is none.
    Word compare(const Job &job, uint64_t group) const {
        Word faults  = plane(job, job.faults, group);
        Word differs = ~done | stray;
        auto check = [&](unsigned port, unsigned width, auto wanted, const Word &counts) {
            for (unsigned index = 0; index < width; index++)
                differs |= (response[port + index] ^ wanted(index)) & counts;
        };
        check(out::access_fault, out::access_fault_width,
              [&](unsigned index) { return index == 0 ? faults : Word{}; }, all(true));
        check(out::access_error, out::access_error_width, [&](unsigned index) {
            return index < error_bits ? plane(job, job.error + index, group) : Word{};
        }, faults);
        check(out::access_cr2, out::access_cr2_width,
              [&](unsigned index) { return all(job.linear >> index & 1); }, faults);
        check(out::access_physical, out::access_physical_width,
              [&](unsigned index) { return all(job.physical >> index & 1); }, ~faults);
        for (auto &cell : cells)
            for (unsigned index = 0; index < 64; index++)
                differs |= cell.bits[index] ^ cell.wanted[index];
        return differs;
    }

    // Writes down a unit's outcome. Returns the end of what is written.
    uint64_t *tell(uint64_t number, unsigned lane, uint64_t *found) const {
        auto value = [&](unsigned port, unsigned width) {
            return gathered(response + port, width, lane);
        };
        *found++ = number;
        *found++ = bit(done, lane);
        *found++ = value(out::access_fault, out::access_fault_width);
        *found++ = value(out::access_error, out::access_error_width);
        *found++ = value(out::access_cr2, out::access_cr2_width);
        *found++ = value(out::access_physical, out::access_physical_width);
        for (auto &cell : cells)
            *found++ = gathered(cell.bits, 64, lane);
        return found;
    }

    static uint64_t gathered(const Word *words, unsigned width, unsigned lane) {
        uint64_t value = 0;
        for (unsigned index = 0; index < width; index++)
            value |= uint64_t(bit(words[index], lane)) << index;
        return value;
    }

    static constexpr unsigned error_bits = 6;

    std::vector<Cell> cells;
    Word in[in::words], out[out::words], response[out::words];
    Word ready[registers], state[2][registers];
    Word *now = state[0], *next = state[1];
    Word acknowledged, stray, done;
};
