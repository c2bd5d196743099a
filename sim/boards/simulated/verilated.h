// The demonstration system as Verilator has it.

#pragma once

#include "Vtop.h"
#include "verilated.h"


class Top {
public:
    Top() : top(&context) {}

    // Begins a cycle with these on the pins. They go to registers, so nothing else changes yet.
    void drive(bool rx, bool button) {
        top.rx     = rx;
        top.button = button;
    }

    bool tx() const { return top.tx; }

    uint32_t lights() const {
        return uint32_t(top.fault | top.bypass << 1 | top.wp << 2 | top.busy << 3);
    }

    // Ends the cycle.
    void advance() {
        top.clk = 1;
        top.eval();
        top.clk = 0;
        top.eval();
    }

private:
    VerilatedContext context;
    Vtop             top;
};
