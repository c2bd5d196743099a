// A unit for access vectors, in which the width of a physical address is an input.
//
// "design.cc" and "ports.h" are generated from the design, as for "machine.cc".

#include "design.cc"

#include "vectors.h"

#include <cstdint>


extern "C" {

Vectors *vectors_new() {
    return new Vectors;
}

void vectors_delete(Vectors *vectors) {
    delete vectors;
}

// Does vectors; returns how many numbers the outcomes are.
uint64_t vectors_run(Vectors *vectors, const uint64_t *first, uint64_t count, uint64_t *outcomes) {
    return uint64_t(vectors->run(first, count, outcomes) - outcomes);
}

}
