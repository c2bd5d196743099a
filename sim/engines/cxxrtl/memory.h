// Physical memory, as a Wishbone target wants it: "transfer" does one transfer of an 8-byte word, and
// returns what was there before, if the word "answers"; else the transfer is a bus error.

#pragma once

#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>


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


// Address of the first byte of a page that stays where it is.
using PageOf = uint8_t *(*)(uint64_t number);


// The bytes of the Python side, page by page: Python says where a page is, once.
class SharedMemory {
public:
    static constexpr uint64_t page_bytes = 4096;

    // "words" of it answer.
    SharedMemory(PageOf page_of, uint64_t words) : page_of(page_of), words(words) {}

    bool answers(uint64_t word) const { return word < words; }

    uint64_t transfer(uint64_t word, bool write, uint8_t sel, uint64_t data) {
        uint8_t *bytes = page(word * 8 / page_bytes) + word * 8 % page_bytes;
        uint64_t before;
        std::memcpy(&before, bytes, 8);
        if (write) {
            uint64_t after = merged(before, data, sel);
            std::memcpy(bytes, &after, 8);
        }
        return before;
    }

private:
    uint8_t *page(uint64_t number) {
        auto known = pages.find(number);
        if (known == pages.end())
            known = pages.emplace(number, page_of(number)).first;
        return known->second;
    }

    PageOf   page_of;
    uint64_t words;
    std::unordered_map<uint64_t, uint8_t *> pages;
};


// One array of words. What is beyond its end does not answer.
class ArrayMemory {
public:
    ArrayMemory(uint64_t *words, uint64_t count) : words(words), count(count) {}

    bool answers(uint64_t word) const { return word < count; }

    uint64_t transfer(uint64_t word, bool write, uint8_t sel, uint64_t data) {
        uint64_t before = words[word];
        if (write)
            words[word] = merged(before, data, sel);
        return before;
    }

private:
    uint64_t *words;
    uint64_t  count;
};


// Words that are zero but for those that were stored. Empty in no time.
class SparseMemory {
public:
    SparseMemory() : slots(64) {}

    void clear() {
        epoch++;
        used = 0;
        edit = {};
    }

    // Has somebody store to a word as soon as the unit has read it.
    void store_once_read(uint64_t word, uint64_t mask, uint64_t value) {
        edit = {true, word, mask, value};
    }

    bool answers(uint64_t) const { return true; }

    uint64_t read(uint64_t word) const {
        const Slot &slot = slots[index(word)];
        return slot.epoch == epoch ? slot.value : 0;
    }

    void write(uint64_t word, uint64_t value) {
        size_t found = index(word);
        if (slots[found].epoch != epoch && ++used * 2 > slots.size()) {
            grow();
            found = index(word);
        }
        slots[found] = {word, value, epoch};
    }

    uint64_t transfer(uint64_t word, bool wanted, uint8_t sel, uint64_t data) {
        uint64_t before = read(word);
        if (wanted)
            write(word, merged(before, data, sel));
        else if (edit.waits && word == edit.word) {
            write(word, (before & ~edit.mask) | (edit.value & edit.mask));
            edit.waits = false;
        }
        return before;
    }

private:
    struct Slot {
        uint64_t word = 0, value = 0, epoch = 0;
    };

    struct Edit {
        bool     waits = false;
        uint64_t word = 0, mask = 0, value = 0;
    };

    // Index of the slot in which a word is, or would be.
    size_t index(uint64_t word) const {
        size_t mask = slots.size() - 1, slot = (word * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & mask;
        while (slots[slot].epoch == epoch && slots[slot].word != word)
            slot = (slot + 1) & mask;
        return slot;
    }

    void grow() {
        std::vector<Slot> old(slots.size() * 2);
        std::swap(old, slots);
        for (const Slot &slot : old)
            if (slot.epoch == epoch)
                slots[index(slot.word)] = slot;
    }

    std::vector<Slot> slots;
    uint64_t epoch = 1, used = 0;
    Edit     edit;
};
