// Physical memory, and the Wishbone target in front of it.
//
// The bytes are those of the Python side, page by page: a page is asked for once, and shared.
// Ref: Wishbone B4, chapter 3.1.3.2 "Pipelined mode".

#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>


// Address of the first byte of a page that stays where it is.
using PageOf = uint8_t *(*)(uint64_t number);


// A word after the bytes whose bit in "sel" is set were stored.
inline uint64_t merged(uint64_t before, uint64_t data, uint8_t sel) {
    if (sel == 0xff)
        return data;
    uint64_t mask = 0;
    for (int lane = 0; lane < 8; lane++)
        if (sel >> lane & 1)
            mask |= UINT64_C(0xff) << 8 * lane;
    return (before & ~mask) | (data & mask);
}


class Memory {
public:
    static constexpr uint64_t page_bytes = 4096;

    explicit Memory(PageOf page_of) : page_of(page_of) {}

    // Does one transfer of an 8-byte word, and returns what was there before.
    uint64_t transfer(uint64_t word, bool write, uint8_t sel, uint64_t data) {
        uint8_t *place = page(word * 8 / page_bytes) + word * 8 % page_bytes;
        uint64_t before;
        std::memcpy(&before, place, 8);
        if (write) {
            uint64_t after = merged(before, data, sel);
            std::memcpy(place, &after, 8);
        }
        return before;
    }

private:
    uint8_t *page(uint64_t number) {
        auto found = pages.find(number);
        if (found == pages.end())
            found = pages.emplace(number, page_of(number)).first;
        return found->second;
    }

    PageOf page_of;
    std::unordered_map<uint64_t, uint8_t *> pages;
};


// Stepped cycle by cycle; ack, dat_r and stall are what it drives in the present one.
class Target {
public:
    Target(Memory &memory, uint64_t latency, std::vector<uint8_t> pattern)
        : stall(!pattern.empty() && pattern[0]),
          memory(memory), latency(latency), pattern(std::move(pattern)) {}

    bool     ack   = false;
    uint64_t dat_r = 0;
    bool     stall;

    // Goes to the next cycle. The arguments are the initiator's signals in the present one.
    void step(bool cyc, bool stb, bool we, uint64_t adr, uint8_t sel, uint64_t dat_w) {
        if (!cyc)
            due.clear();
        else if (stb && !stall)
            due.emplace_back(cycle + latency, memory.transfer(adr, we, sel, dat_w));
        cycle++;
        ack   = !due.empty() && due.front().first <= cycle;
        dat_r = ack ? due.front().second : 0;
        if (ack)
            due.pop_front();
        stall = !pattern.empty() && pattern[cycle % pattern.size()];
    }

private:
    Memory &memory;
    uint64_t latency;
    std::vector<uint8_t> pattern;
    uint64_t cycle = 0;
    std::deque<std::pair<uint64_t, uint64_t>> due;  // cycle of the answer, data
};
