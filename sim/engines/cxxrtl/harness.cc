// One unit, its clock, its memory, and a log of the cycles in which something happens.
//
// "design.cc" and "ports.h" are generated from the design: its code, and the names and widths of its
// ports. An operation runs to its end without going back to Python.

#include "design.cc"
#include "ports.h"

#include "memory.h"

#include <algorithm>


namespace {

template<class Port>
using Bits = cxxrtl_yosys::value<Port::width>;

template<class Port>
constexpr size_t chunks = Bits<Port>::chunks;

template<size_t N>
const cxxrtl_yosys::value<N> &read(const cxxrtl_yosys::value<N> &port) { return port; }

template<size_t N>
const cxxrtl_yosys::value<N> &read(const cxxrtl_yosys::wire<N> &port) { return port.curr; }

enum Operation { NOTHING, ACCESSES, CONTROL };


// Rows of a cycle and the chunks of signals.
class Log {
public:
    void begin(uint64_t cycle) {
        words.push_back(uint32_t(cycle));
        words.push_back(uint32_t(cycle >> 32));
    }

    template<size_t N>
    void add(const cxxrtl_yosys::value<N> &bits) {
        words.insert(words.end(), bits.data, bits.data + bits.chunks);
    }

    std::vector<uint32_t> words;
};


class Machine {
public:
    Machine(uint64_t latency, std::vector<uint8_t> stall, PageOf page_of)
        : memory(page_of), target(memory, latency, std::move(stall)) {
        put<in::response_ready>(1);
        put<in::controlled_ready>(1);
    }

    uint64_t now = 0;
    Log samples, views;

    void mark(uint32_t stack, uint32_t claim) {
        put<in::kernel_stack>(stack);
        put<in::claim>(claim);
    }

    // One cycle without an operation.
    void idle() {
        put<in::request_valid>(0);
        put<in::control_valid>(0);
        cycle();
    }

    // Does accesses back to back. Returns whether all were answered in time.
    bool access(const uint32_t *requests, uint64_t count, uint64_t deadline) {
        uint64_t taken = 0, answered = 0, progress = now ? now - 1 : 0;
        put<in::control_valid>(0);
        while (answered < count) {
            put<in::request_valid>(taken < count);
            if (taken < count)
                put_words<in::request>(requests + taken * chunks<in::request>);
            cycle();
            if (accepted) {
                taken++;
                progress = now - 1;
            }
            if (responded) {
                answered++;
                progress = now - 1;
            }
            if (now - 1 - progress > deadline)
                return false;
        }
        return true;
    }

    // Does one control operation. Returns whether it was answered in time.
    bool control(const uint32_t *request, uint64_t deadline) {
        uint64_t progress = now ? now - 1 : 0;
        put<in::request_valid>(0);
        put_words<in::control>(request);
        for (bool taken = false;;) {
            put<in::control_valid>(!taken);
            cycle();
            if (ordered) {
                taken = true;
                progress = now - 1;
            }
            if (controlled)
                return true;
            if (now - 1 - progress > deadline)
                return false;
        }
    }

private:
    template<class Port>
    void put(const Bits<Port> &bits) {
        Port::of(top) = bits;
    }

    template<class Port>
    void put(uint64_t number) {
        Bits<Port> bits;
        bits.set(number);
        put<Port>(bits);
    }

    template<class Port>
    void put_words(const uint32_t *words) {
        Bits<Port> bits;
        std::copy(words, words + bits.chunks, bits.data);
        put<Port>(bits);
    }

    template<class Port>
    const Bits<Port> &bits() const {
        return read(Port::of(top));
    }

    template<class Port>
    uint64_t get() const {
        return bits<Port>().template get<uint64_t>();
    }

    void cycle() {
        put<in::ack>(target.ack);
        put<in::dat_r>(target.dat_r);
        put<in::stall>(target.stall);
        top.p_clk.set(false);
        top.step();
        observe();
        target.step(get<out::cyc>(), get<out::stb>(), get<out::we>(), get<out::adr>(),
                    get<out::sel>(), get<out::dat_w>());
        // Registers alone: what depends on them settles in the next cycle, with its inputs.
        top.p_clk.set(true);
        top.eval();
        top.commit();
        now++;
    }

    // A recorder that sees the logged cycles alone records what it would from all of them.
    void observe() {
        accepted   = get<out::request_valid>() && get<out::request_ready>();
        responded  = get<out::response_valid>();
        ordered    = get<out::control_valid>() && get<out::control_ready>();
        controlled = get<out::controlled_valid>();
        bool changed = now == 0 || bits<out::kernel_stack>() != marked
            || bits<out::claim>() != claimed || bits<out::state>() != state
            || get<out::cyc>() != cyc;
        if (changed) {
            marked  = bits<out::kernel_stack>();
            claimed = bits<out::claim>();
            state   = bits<out::state>();
            cyc     = get<out::cyc>();
        }
        if (changed || !bits<out::events>().is_zero()
            || (cyc && (get<out::ack>() || (get<out::stb>() && !get<out::stall>())))
            || accepted || responded || ordered || controlled) {
            samples.begin(now);
#define ADD(name) samples.add(bits<out::name>());
            SAMPLED(ADD)
#undef ADD
        }
        if (now == 0 || !(VIEW(top) == viewed)) {
            viewed = VIEW(top);
            views.begin(now);
            views.add(viewed);
        }
    }

    cxxrtl_design::p_top top;
    Memory memory;
    Target target;
    bool accepted = false, responded = false, ordered = false, controlled = false;
    Bits<out::kernel_stack> marked;
    Bits<out::claim> claimed;
    Bits<out::state> state;
    uint64_t cyc = 0;
    cxxrtl_yosys::value<view_width> viewed;
};

}  // namespace


extern "C" {

Machine *machine_new(uint64_t latency, const uint8_t *stall, uint64_t stalls, PageOf page_of) {
    return new Machine(latency, std::vector<uint8_t>(stall, stall + stalls), page_of);
}

void machine_delete(Machine *machine) {
    delete machine;
}

// Shows the marks, one a cycle, and does the operation from the last one on. Returns the number
// of the next cycle; the operation's end is in the log, if it came in time.
uint64_t machine_run(
    Machine *machine, const uint32_t *marks, uint64_t count, uint32_t claim,
    int operation, const uint32_t *requests, uint64_t size, uint64_t deadline, uint8_t *hung
) {
    machine->samples.words.clear();
    machine->views.words.clear();
    uint64_t shown = operation == NOTHING ? count : count - 1;
    for (uint64_t index = 0; index < shown; index++) {
        machine->mark(marks[index], claim);
        machine->idle();
    }
    machine->mark(marks[count - 1], claim);
    *hung = (operation == ACCESSES && !machine->access(requests, size, deadline))
        || (operation == CONTROL && !machine->control(requests, deadline));
    return machine->now;
}

const uint32_t *machine_samples(Machine *machine, uint64_t *size) {
    *size = machine->samples.words.size() * sizeof(uint32_t);
    return machine->samples.words.data();
}

const uint32_t *machine_views(Machine *machine, uint64_t *size) {
    *size = machine->views.words.size() * sizeof(uint32_t);
    return machine->views.words.data();
}

}
