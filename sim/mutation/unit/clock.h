// The compiled design, its clock, and the mutant that is active in it.
//
// "plain_clock.h" is that of a design without mutants.

#pragma once

#define Clocked PlainClocked
#include "plain_clock.h"
#undef Clocked

#include <cstdint>


// Number of the mutant that is active from the next reset on.
inline uint32_t mutant = 0;


class Clocked : public PlainClocked {
public:
    Clocked() { choose(); }

    // Switches the design off and on.
    void reset() {
        PlainClocked::reset();
        choose();
    }

private:
    void choose() { top.p_mutant.data[0] = mutant; }
};
