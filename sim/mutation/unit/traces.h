// Traces of what testbenches do with a unit and see of it; and a unit with a mutant, on which all is
// done again to find out whether they would see the same.
//
// "pins.h" is generated, and so is "traced.h", which has the words of each port in that order, and
// whether it is an input.

#pragma once

#include "clock.h"
#include "pins.h"
#include "traced.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>


struct Trace {
    // Resets, and computations after which a testbench may look; with new inputs, if there are any.
    enum Event : uint8_t { reset, settle, evaluate, advance, changed = 0x80 };

    // Events between two records of the hash of all that was to be seen.
    static constexpr size_t often = 64;

    std::vector<uint8_t>  events;
    std::vector<uint32_t> inputs;
    std::vector<uint64_t> seen;
};


// The ports of one unit.
class Traced {
public:
    explicit Traced(Clocked &clocked) : clocked(clocked) { tell_ports(clocked.top, places); }

    // What is on the inputs.
    std::vector<uint32_t> inputs() const {
        std::vector<uint32_t> found;
        for (size_t port = 0; port < port_count; port++)
            if (port_driven[port])
                found.insert(found.end(), places[port], places[port] + port_words[port]);
        return found;
    }

    // Puts something else there.
    void drive(const uint32_t *next) {
        for (size_t port = 0; port < port_count; port++)
            if (port_driven[port]) {
                std::copy(next, next + port_words[port], const_cast<uint32_t *>(places[port]));
                next += port_words[port];
            }
    }

    // Does an event, and adds to a hash what is to be seen then.
    void perform(Trace::Event event, uint64_t &hash) {
        switch (event) {
        case Trace::reset:
            return clocked.reset();
        case Trace::advance:
            return clocked.advance();
        case Trace::settle:
            clocked.top.step();
            break;
        default:
            clocked.evaluate();
        }
        for (size_t port = 0; port < port_count; port++)
            if (!port_driven[port])
                for (size_t word = 0; word < port_words[port]; word++)
                    hash = (hash ^ places[port][word]) * UINT64_C(0x100000001b3) + 1;
    }

private:
    Clocked        &clocked;
    const uint32_t *places[port_count];
};


// Notes what testbenches do between "begin" and "end".
class Recorder {
public:
    void begin() {
        recording = true;
        trace     = Trace{};
        last.clear();
        hash = 0;
    }

    Trace end() {
        recording = false;
        trace.seen.push_back(hash);
        return trace;
    }

    void perform(Clocked &clocked, Trace::Event event) {
        Traced traced(clocked);
        if (recording) {
            std::vector<uint32_t> inputs = traced.inputs();
            bool changed = inputs != last;
            trace.events.push_back(uint8_t(event | (changed ? Trace::changed : 0)));
            if (changed)
                trace.inputs.insert(trace.inputs.end(), inputs.begin(), inputs.end());
            last = inputs;
        }
        traced.perform(event, hash);
        if (recording && trace.events.size() % Trace::often == 0)
            trace.seen.push_back(hash);
    }

private:
    bool     recording = false;
    Trace    trace;
    std::vector<uint32_t> last;
    uint64_t hash = 0;
};


// Does again what a trace has, on a unit in which the mutant is active. Returns true if a testbench
// might have seen something else; then it would not have gone on as the trace does.
inline bool differs(const Trace &trace) {
    Clocked  clocked;
    Traced   traced(clocked);
    uint64_t hash = 0;
    const uint32_t *inputs = trace.inputs.data();
    auto seen = trace.seen.begin();
    size_t width = traced.inputs().size();
    for (size_t index = 0; index < trace.events.size(); index++) {
        uint8_t event = trace.events[index];
        if (event & Trace::changed) {
            traced.drive(inputs);
            inputs += width;
        }
        traced.perform(Trace::Event(event & ~Trace::changed), hash);
        if ((index + 1) % Trace::often == 0 && *seen++ != hash)
            return true;
    }
    return *seen != hash;
}
