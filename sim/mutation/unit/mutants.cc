// A unit with mutants, driven in three ways: by its ports, with vectors, and with sequences.
//
// "design.cc", "pins.h" and "ports.h" are generated from the design.

#include "simulator.cc"

#include "sequences.h"
#include "vectors.h"

#include <cstdint>


extern "C" {

// Chooses the mutant that is active in each unit from its next reset on.
void choose_mutant(uint32_t number) {
    mutant = number;
}

Vectors *vectors_new() {
    return new Vectors;
}

uint64_t vectors_run(Vectors *vectors, const uint64_t *first, uint64_t count, uint64_t *outcomes) {
    return uint64_t(vectors->run(first, count, outcomes) - outcomes);
}

Sequences *sequences_new() {
    return new Sequences;
}

uint64_t sequences_run(Sequences *sequences, const uint64_t *first, uint64_t count,
                       uint64_t *outcomes) {
    return uint64_t(sequences->run(first, count, outcomes) - outcomes);
}

}
