// A unit for access vectors of version 2, in which the width of a physical address is an input.
//
// "design.cc" and "ports.h" are generated from the design, as for "machine.cc".

#include "design.cc"

#include "sequences.h"

#include <cstdint>


extern "C" {

Sequences *sequences_new() {
    return new Sequences;
}

void sequences_delete(Sequences *sequences) {
    delete sequences;
}

// Does sequences; returns how many numbers the outcomes are.
uint64_t sequences_run(Sequences *sequences, const uint64_t *first, uint64_t count,
                       uint64_t *outcomes) {
    return uint64_t(sequences->run(first, count, outcomes) - outcomes);
}

}
