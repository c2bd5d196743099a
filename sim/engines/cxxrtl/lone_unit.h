// A unit with a memory that responds in the next cycle, and nothing else.

#pragma once

#include "clock.h"
#include "target.h"
#include "unit_driver.h"

#include <cstdint>


template<class Memory>
class LoneUnit {
public:
    using Driver = UnitDriver<Cpu0>;

    // Most cycles in which nothing happens for somebody who waits.
    static constexpr uint64_t patience = 10000;

    Clocked  clocked;
    cxxrtl_design::p_top &top = clocked.top;
    Driver   driver;
    Target<Memory> target;

    explicit LoneUnit(Memory &memory) : target(memory) { Driver::connect(top); }

    // Switches the unit off and on.
    void reset() {
        clocked.reset();
        Driver::connect(top);
        target.reset();
    }

    // Lets a cycle pass. What comes out is there until the next.
    void cycle() {
        cycle([] {});
    }

    // The same, with somebody who looks at the ports while they are computed.
    template<class Look>
    void cycle(Look look) {
        target.drive(top);
        clocked.evaluate();
        driver.sample(top);
        look();
        target.step(top);
        clocked.advance();
        driver.end(top);
    }
};
