// A log of the cycles in which something happens.

#pragma once

#include <cxxrtl/cxxrtl.h>

#include <cstddef>
#include <cstdint>
#include <vector>


// Rows of 32-bit words: a cycle (2 words), a mask of the signals that have changed since the row
// before (one bit each, from the lowest on), and their chunks.
class Log {
public:
    std::vector<uint32_t> words;

    void begin(uint64_t cycle) {
        words.push_back(uint32_t(cycle));
        words.push_back(uint32_t(cycle >> 32));
        mask  = words.size();
        words.push_back(0);
        signal = 0;
    }

    // Adds the next signal, if it is not what it was.
    template<size_t N>
    void add(const cxxrtl_yosys::value<N> &bits, cxxrtl_yosys::value<N> &before) {
        if (!(bits == before)) {
            words[mask] |= UINT32_C(1) << signal;
            words.insert(words.end(), bits.data, bits.data + bits.chunks);
            before = bits;
        }
        signal++;
    }

private:
    size_t mask   = 0;
    size_t signal = 0;
};
