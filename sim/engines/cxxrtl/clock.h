// The compiled design, and its clock.

#pragma once

#include "design.h"

#include <new>


class Clocked {
public:
    cxxrtl_design::p_top top;

    Clocked() : direct(top.eval()) {}

    // Switches the design off and on. Its own reset() leaves alone what has no initial value, such
    // as the output register of a memory's read port, and what is on its inputs.
    void reset() {
        using Top = cxxrtl_design::p_top;
        top.~Top();
        new (&top) Top;
    }

    // Computes the ports, and the registers after the clock's edge, which are not in place yet. One
    // pass is enough if no wire of the design depends on itself.
    void evaluate() {
        if (!direct)
            top.step();
        top.p_clk.set(true);
        top.eval();
    }

    // Puts the registers in place.
    void advance() {
        top.commit();
        top.p_clk.set(false);
        top.prev_p_clk.set(false);
    }

private:
    bool direct;
};
