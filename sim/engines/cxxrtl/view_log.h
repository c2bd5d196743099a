// Log of what a waveform shows: "view.cc", a design of its own, computes that from the ports of the
// machine.

#pragma once

#include "port.h"
#include "ports.h"
#include "view.h"

#include <cstdint>
#include <vector>


class ViewLog {
public:
    std::vector<uint32_t> words;  // rows of a cycle, in two words, and the chunks of the view

    explicit ViewLog(bool wanted) : wanted(wanted) {}

    // Adds a row if there is something new, and if somebody wants it.
    template<class Top>
    void sample(const Top &top, uint64_t now) {
        if (!wanted)
            return;
        show(top, view);
        view.step();
        const auto &bits = read(view.p_view);
        if (now != 0 && bits == before)
            return;
        before = bits;
        words.push_back(uint32_t(now));
        words.push_back(uint32_t(now >> 32));
        words.insert(words.end(), bits.data, bits.data + bits.chunks);
    }

private:
    bool wanted;
    cxxrtl_view::p_top view;
    cxxrtl_yosys::value<view_width> before;
};
