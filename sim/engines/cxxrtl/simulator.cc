// A component by itself, whose clock and ports Python has in its hands.
//
// "design.cc" and "pins.h" are generated from the design; the latter has the places of its ports.

#include "design.cc"

#include "clock.h"
#include "pins.h"

#include <cstdint>


extern "C" {

Clocked *simulator_new() {
    return new Clocked;
}

void simulator_delete(Clocked *clocked) {
    delete clocked;
}

// Switches the design off and on. Its ports stay where they are.
void simulator_reset(Clocked *clocked) {
    clocked->reset();
}

// Tells where the bits of each port are. Inputs may be changed there.
void simulator_ports(Clocked *clocked, const uint32_t **places) {
    tell_ports(clocked->top, places);
}

// Computes what comes out in the present cycle, with what is on the inputs now.
void simulator_settle(Clocked *clocked) {
    clocked->top.step();
}

// Does the same, and computes the registers after the clock's edge.
void simulator_evaluate(Clocked *clocked) {
    clocked->evaluate();
}

// Puts the registers in place. What comes out has then to settle.
void simulator_advance(Clocked *clocked) {
    clocked->advance();
}

}
