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

int64_t sweep_run(Sliced *units, const Job *job, uint64_t *found) {
    return units->run(*job, found);
}

}
