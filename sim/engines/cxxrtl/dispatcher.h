// Time slices of the processors: sim/schedule.py says what they mean.

#pragma once

#include <cstdint>
#include <deque>


class Dispatcher {
public:
    struct TimeSlice {
        uint32_t cpu, steps;
    };

    std::deque<TimeSlice> coming;
    bool     more  = false;  // there are slices after these, which Python knows
    uint64_t begun = 0;

    // True if the next slice must be fetched.
    bool starved() const {
        return more && !left && coming.empty();
    }

    // Drops the slice that goes on, and those to come.
    void drop() {
        coming.clear();
        more = false;
        left = 0;
    }

    // Begins a cycle; returns the processors that must wait in it, a bit each.
    uint32_t begin() {
        if (!left && !coming.empty()) {
            cpu  = coming.front().cpu;
            left = coming.front().steps;
            coming.pop_front();
            begun++;
        }
        return left ? ~(UINT32_C(1) << cpu) : 0;
    }

    // Ends a cycle, in which processor number "number" made some steps, or had nothing to do.
    void end(uint32_t number, uint64_t steps, bool idle) {
        if (left && number == cpu)
            left = idle || steps >= left ? 0 : left - uint32_t(steps);
    }

private:
    uint32_t cpu = 0, left = 0;
};
