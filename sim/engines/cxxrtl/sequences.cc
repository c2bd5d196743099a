// Units for access vectors of version 2, in which the width of a physical address is an input.
//
// "design.cc" and "ports.h" are generated from the design, as for "machine.cc", and "logged.h" from the
// structures of a log.

#include "design.cc"

#include "log.h"
#include "sequences.h"

#include <cstdint>


// One that nobody looks at, and one with a log of its ports.
struct SequenceUnits {
    Sequences<>          plain;
    Sequences<Log<Cpu0>> observed;
};


extern "C" {

SequenceUnits *sequences_new() {
    return new SequenceUnits;
}

void sequences_delete(SequenceUnits *units) {
    delete units;
}

// Does sequences; returns how many numbers the outcomes are.
uint64_t sequences_run(SequenceUnits *units, const uint64_t *first, uint64_t count,
                       uint64_t *outcomes) {
    return uint64_t(units->plain.run(first, count, outcomes) - outcomes);
}

// Does one sequence, and tells what was on the ports: it stays where it is until the next time.
uint64_t sequences_observe(SequenceUnits *units, const uint64_t *sequence, uint64_t *outcome,
                           Logged *log) {
    uint64_t count = uint64_t(units->observed.run(sequence, 1, outcome) - outcome);
    *log = units->observed.unit.observer.parts();
    return count;
}

}
