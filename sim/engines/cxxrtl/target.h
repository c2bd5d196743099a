// The Wishbone target in front of a memory.
//
// Ref: Wishbone B4, chapters 3.1.3 "Handshaking protocol", 3.1.3.2 "Pipelined mode".

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
        ack   = err = false;
        dat_r = 0;
        stall = !pattern.empty() && pattern[0];
        outstanding.clear();
    }

    // Begins a cycle.
    template<class Top>
    void drive(Top &top) const {
        put<in::ack>(top, ack);
        put<in::err>(top, err);
        put<in::dat_r>(top, dat_r);
        put<in::stall>(top, stall);
    }

    // Ends it, once its ports are computed.
    template<class Top>
    void step(const Top &top) {
        bool cyc      = get<out::cyc>(top);
        bool accepted = cyc && get<out::stb>(top) && !stall;
        bool answered = accepted && memory.answers(get<out::adr>(top));
        uint64_t word = answered ? transfer(top) : 0;
        cycle++;
        if (latency == 1)  // nothing else is outstanding
            respond(accepted, answered, word);
        else
            queue(cyc, accepted, answered, word);
        stall = !pattern.empty() && pattern[cycle % pattern.size()];
    }

private:
    template<class Top>
    uint64_t transfer(const Top &top) {
        return memory.transfer(get<out::adr>(top), get<out::we>(top), uint8_t(get<out::sel>(top)),
                               get<out::dat_w>(top));
    }

    // A bus cycle that ends forgoes its responses.
    void queue(bool cyc, bool accepted, bool answered, uint64_t word) {
        if (!cyc)
            outstanding.clear();
        else if (accepted)
            outstanding.push_back({cycle - 1 + latency, word, answered});
        if (!outstanding.empty() && outstanding.front().due <= cycle) {
            respond(true, outstanding.front().answered, outstanding.front().word);
            outstanding.pop_front();
        } else
            respond(false, false, 0);
    }

    // What is to be seen in the next cycle.
    void respond(bool ends, bool answered, uint64_t word) {
        ack   = ends && answered;
        err   = ends && !answered;
        dat_r = word;
    }

    struct Response {
        uint64_t due, word;  // the cycle in which it comes, and the data
        bool     answered;   // else it is a bus error
    };

    Memory  &memory;
    uint64_t latency;
    std::vector<uint8_t> pattern;
    uint64_t cycle = 0;
    bool     ack = false, err = false, stall = false;
    uint64_t dat_r = 0;
    std::deque<Response> outstanding;
};
