// A unit with mutants, driven by its ports, with vectors, and with sequences.
//
// "design.cc", "pins.h", "traced.h" and "ports.h" are generated from the design.

#include "simulator.cc"

#include "sequences.h"
#include "traces.h"
#include "vectors.h"

#include <cstdint>
#include <vector>


static Recorder           recorder;
static std::vector<Trace> traces;


extern "C" {

// Chooses the mutant that is active in each unit from its next reset on.
void choose_mutant(uint32_t number) {
    mutant = number;
}

// Holds the unit in reset from now on, or lets it go.
void hold_reset(Clocked *clocked, uint32_t held) {
    clocked->top.p_rst.set(bool(held));
}

// Does what the functions of "simulator.cc" do; it is noted between the two functions below.
void traced_reset(Clocked *clocked) {
    recorder.perform(*clocked, Trace::reset);
}

void traced_settle(Clocked *clocked) {
    recorder.perform(*clocked, Trace::settle);
}

void traced_evaluate(Clocked *clocked) {
    recorder.perform(*clocked, Trace::evaluate);
}

void traced_advance(Clocked *clocked) {
    recorder.perform(*clocked, Trace::advance);
}

void trace_begin() {
    recorder.begin();
}

// Returns the number of the trace.
uint32_t trace_end() {
    traces.push_back(recorder.end());
    return uint32_t(traces.size() - 1);
}

// Tells whether a testbench might see something else with the mutant that is active.
uint32_t trace_differs(uint32_t number) {
    return differs(traces[number]);
}

Vectors *vectors_new() {
    return new Vectors;
}

uint64_t vectors_run(Vectors *vectors, const uint64_t *first, uint64_t count, uint64_t *outcomes) {
    return uint64_t(vectors->run(first, count, outcomes) - outcomes);
}

Sequences<> *sequences_new() {
    return new Sequences<>;
}

uint64_t sequences_run(Sequences<> *sequences, const uint64_t *first, uint64_t count,
                       uint64_t *outcomes) {
    return uint64_t(sequences->run(first, count, outcomes) - outcomes);
}

}
