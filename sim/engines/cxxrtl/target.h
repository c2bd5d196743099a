// The Wishbone target in front of a memory.
//
// Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode".

#pragma once

#include "port.h"
#include "ports.h"

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>


// A memory, one of those in "memory.h", behind the shared ports of the design. It responds to a transfer
// "latency" cycles after the one that accepts it, and stalls as "pattern" says, again and again.
template<class Memory>
class Target {
    using in  = Shared::in;
    using out = Shared::out;

public:
    explicit Target(Memory &memory, uint64_t latency = 1, std::vector<uint8_t> pattern = {})
        : memory(memory), latency(latency), pattern(std::move(pattern)) {
        reset();
    }

    void reset() {
        cycle = 0;
        ack   = false;
        dat_r = 0;
        stall = !pattern.empty() && pattern[0];
        outstanding.clear();
    }

    // Begins a cycle.
    template<class Top>
    void drive(Top &top) const {
        put<in::ack>(top, ack);
        put<in::dat_r>(top, dat_r);
        put<in::stall>(top, stall);
    }

    // Ends it, once its ports are computed.
    template<class Top>
    void step(const Top &top) {
        bool cyc      = get<out::cyc>(top);
        bool accepted = cyc && get<out::stb>(top) && !stall;
        uint64_t word = accepted ? transfer(top) : 0;
        cycle++;
        if (latency == 1) {  // nothing else is outstanding
            ack   = accepted;
            dat_r = word;
        } else
            queue(cyc, accepted, word);
        stall = !pattern.empty() && pattern[cycle % pattern.size()];
    }

private:
    template<class Top>
    uint64_t transfer(const Top &top) {
        return memory.transfer(get<out::adr>(top), get<out::we>(top), uint8_t(get<out::sel>(top)),
                               get<out::dat_w>(top));
    }

    // A bus cycle that ends forgoes its responses.
    void queue(bool cyc, bool accepted, uint64_t word) {
        if (!cyc)
            outstanding.clear();
        else if (accepted)
            outstanding.emplace_back(cycle - 1 + latency, word);
        ack   = !outstanding.empty() && outstanding.front().first <= cycle;
        dat_r = ack ? outstanding.front().second : 0;
        if (ack)
            outstanding.pop_front();
    }

    Memory  &memory;
    uint64_t latency;
    std::vector<uint8_t> pattern;
    uint64_t cycle = 0;
    bool     ack = false, stall = false;
    uint64_t dat_r = 0;
    std::deque<std::pair<uint64_t, uint64_t>> outstanding;  // cycle of the response, data
};
