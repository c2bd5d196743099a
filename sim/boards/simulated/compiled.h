// The demonstration system as CXXRTL has it.

#pragma once

#include "design.cc"

#include "clock.h"


class Top {
public:
    // Begins a cycle with these on the pins.
    void drive(bool rx, bool button) {
        top.p_rx.set(rx);
        top.p_button.set(button);
        clocked.evaluate();
    }

    bool tx() const { return top.p_tx.get<bool>(); }

    uint32_t lights() const {
        return top.p_fault.get<bool>() | top.p_bypass.get<bool>() << 1 | top.p_wp.get<bool>() << 2
             | top.p_busy.get<bool>() << 3;
    }

    // Ends the cycle.
    void advance() { clocked.advance(); }

private:
    Clocked clocked;
    cxxrtl_design::p_top &top = clocked.top;
};
