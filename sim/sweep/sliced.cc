// Units of a sweep as a library.

#include "sliced.h"

#include <cstdint>


extern "C" {

Sliced *sweep_new() {
    return new Sliced;
}

void sweep_delete(Sliced *units) {
    delete units;
}

int64_t sweep_run(Sliced *units, const Job *job, uint64_t *found, uint64_t room) {
    return units->run(*job, found, room);
}

}
