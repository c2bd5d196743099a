// Entries of a log, kind by kind in the order of cycles.

#pragma once

#include "logged.h"

#include <cstddef>
#include <cstdint>
#include <vector>


// Entries of one kind. Those of something that has not ended yet are open; they are the last ones,
// since things end in the order in which they begin.
template<class Entry>
class Entries {
public:
    bool is_open() const { return open != 0; }

    // An entry of something that lasts no time.
    void add(const Entry &entry) { entries.push_back(entry); }

    // An entry of something that will end.
    void begin(const Entry &entry) {
        entries.push_back(entry);
        open++;
    }

    // The first that is open. It ends.
    Entry &end() { return entries[entries.size() - open--]; }

    // Nothing that is open will end.
    void abandon() { open = 0; }

    // Drops all that are not open.
    void forget() {
        entries.erase(entries.begin(), entries.end() - ptrdiff_t(open));
        again = open;
    }

    // What there is, in place.
    LoggedPart part() const { return {uintptr_t(entries.data()), entries.size(), again}; }

private:
    std::vector<Entry> entries;
    size_t open = 0, again = 0;
};
