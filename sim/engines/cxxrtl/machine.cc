// The machine: processors, memory, and the compiled design between them.
//
// Generated are "design.cc" and "view.cc", the code of the design and that of what a waveform shows,
// "ports.h", the names and widths of their ports, and "commands.h" and "logged.h", the structures that
// Python shares.
// Commands run to their end without going back to Python.

#include "design.cc"
#include "view.cc"

#include "bare.h"
#include "clock.h"
#include "commands.h"
#include "dispatcher.h"
#include "logged.h"
#include "memory.h"
#include "ports.h"
#include "processor_port.h"
#include "target.h"
#include "view_log.h"

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>


namespace {

class Machine {
public:
    Machine(uint64_t latency, std::vector<uint8_t> stall, SharedMemory memory, uint64_t deadline,
            bool view)
        : views(view), memory(std::move(memory)), target(this->memory, latency, std::move(stall)),
          deadline(deadline) {
        each([this](auto &port, uint32_t) { port.connect(top); });
    }

    Status     status{};
    Dispatcher dispatcher;
    ViewLog    views;

    // Runs until a command ends, or the next time slice is not known.
    void run() {
        status.ended = status.hung = 0;
        while (!status.ended && !status.hung && !status.stuck && status.now < status.limit
               && !dispatcher.starved())
            cycle();
        status.begun = dispatcher.begun;
    }

    // Calls "visit" with the port of processor "number".
    template<class Visit>
    void at(uint32_t number, Visit visit) {
        each([&](auto &port, uint32_t n) {
            if (n == number)
                visit(port);
        });
    }

private:
    // Calls "visit" with each port and its number.
    template<class Visit>
    void each(Visit visit) {
        uint32_t number = 0;
        std::apply([&](auto &...port) { (visit(port, number++), ...); }, ports);
    }

    void cycle() {
        uint32_t hold = dispatcher.begin();
        each([&](auto &port, uint32_t number) { port.drive(top, hold >> number & 1); });
        put<Shared::in::claim>(top, status.claim);
        put<Shared::in::hold>(top, hold);
        target.drive(top);
        clocked.evaluate();
        each([&](auto &port, uint32_t) { port.sample(top, status.now); });
        views.sample(top, status.now);
        target.step(top);
        clocked.advance();
        end();
        status.now++;
    }

    void end() {
        bool stuck = true;
        each([&](auto &port, uint32_t number) {
            bool idle = port.idle();
            stuck &= idle;
            dispatcher.end(number, port.steps, idle);
        });
        status.stuck = stuck;
        each([&](auto &port, uint32_t number) {
            status.ended |= uint32_t(port.end(top, status.now, deadline)) << number;
            status.hung  |= uint32_t(port.hung) << number;
        });
    }

    EachCpu<ProcessorPort> ports;
    Clocked  clocked;
    cxxrtl_design::p_top &top = clocked.top;
    SharedMemory         memory;
    Target<SharedMemory> target;
    uint64_t deadline;
};

}  // namespace


extern "C" {

Machine *machine_new(uint64_t latency, const uint8_t *stall, uint64_t stalls, PageOf page_of,
                     uint64_t words, uint64_t deadline, uint32_t view) {
    return new Machine(latency, std::vector<uint8_t>(stall, stall + stalls),
                       SharedMemory(page_of, words), deadline, view);
}

void machine_delete(Machine *machine) {
    delete machine;
}

void machine_run(Machine *machine) {
    machine->run();
}

Status *machine_status(Machine *machine) {
    return &machine->status;
}

Command *machine_command(Machine *machine, uint32_t number) {
    Command *found = nullptr;
    machine->at(number, [&](auto &port) { found = &port.command; });
    return found;
}

Completion *machine_completion(Machine *machine, uint32_t number) {
    Completion *found = nullptr;
    machine->at(number, [&](auto &port) { found = &port.completion; });
    return found;
}

// Adds time slices, in pairs of a processor and its steps; "more" if there are others after them.
void machine_plan(Machine *machine, const uint32_t *slices, uint64_t count, uint32_t more) {
    machine->dispatcher.more = more;
    for (uint64_t index = 0; index < count; index++)
        machine->dispatcher.coming.push_back({slices[2 * index], slices[2 * index + 1]});
}

void machine_drop_slices(Machine *machine) {
    machine->dispatcher.drop();
}

// Tells what is logged of a processor; "machine_forget" drops what of it has ended.
void machine_log(Machine *machine, uint32_t number, Logged *found) {
    machine->at(number, [&](auto &port) { *found = port.log.parts(); });
}

void machine_forget(Machine *machine, uint32_t number) {
    machine->at(number, [](auto &port) { port.log.forget(); });
}

// Words of the log of views, which "machine_forget_views" empties.
const uint32_t *machine_views(Machine *machine, uint64_t *count) {
    *count = machine->views.words.size();
    return machine->views.words.data();
}

void machine_forget_views(Machine *machine) {
    machine->views.words.clear();
}

// Copies "count" words as bare.h does it, "times" over, after writes of control registers: pairs of
// a register and its value. Returns how many cycles that took, or 0 if something went wrong.
uint64_t bare_copies(uint64_t *memory, uint64_t words, const uint64_t *controls, uint64_t writes,
                     uint64_t to, uint64_t from, uint64_t count, uint64_t times) {
    Bare bare(memory, words);
    for (uint64_t index = 0; index < writes; index++)
        bare.control(controls[2 * index], controls[2 * index + 1]);
    for (uint64_t index = 0; index < times; index++)
        bare.copy(to, from, count);
    return bare.failed() ? 0 : bare.cycles;
}

}
