// The machine: processors, memory, and the compiled design between them.
//
// "design.cc", "view.cc" and "ports.h" are generated from the design: its code, that of what a
// waveform shows, and the names and widths of its ports. Operations run to their end without going
// back to Python.

#include "design.cc"
#include "view.cc"

#include "port.h"
template<class Cpu> class ProcessorPort;
#include <tuple>
#include "ports.h"

#include "bare.h"
#include "clock.h"
#include "memory.h"
#include "processor_port.h"
#include "dispatcher.h"
#include "view_log.h"


namespace {

// What Python and the machine tell each other.
struct Status {
    uint64_t now;        // the next cycle
    uint64_t limit;      // ... in which to come back, even if nothing has ended
    uint64_t begun;      // dispatcher
    uint32_t claim;
    uint32_t ended;      // processors whose order has ended, a bit each
    uint32_t hung;       // ... that waited too long
    uint32_t stuck;      // all wait for an interrupt
};


class Machine {
public:
    Machine(uint64_t latency, std::vector<uint8_t> stall, PageOf page_of, uint64_t deadline,
            bool view)
        : views(view), memory(page_of), target(memory, latency, std::move(stall)),
          deadline(deadline) {}

    Status   status{};
    ProcessorPorts ports;
    Dispatcher    dispatcher;
    Views    views;

    // Runs until an order ends, or the next time slice is not known.
    void run() {
        status.ended = status.hung = 0;
        while (!status.ended && !status.hung && !status.stuck && status.now < status.limit
               && !dispatcher.starved())
            cycle();
        status.begun = dispatcher.begun;
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
        put<Shared::in::ack>(top, target.ack);
        put<Shared::in::dat_r>(top, target.dat_r);
        put<Shared::in::stall>(top, target.stall);
        clocked.evaluate();
        each([&](auto &port, uint32_t) { port.sample(top, status.now); });
        views.sample(top, status.now);
        target.step(get<Shared::out::cyc>(top), get<Shared::out::stb>(top),
                    get<Shared::out::we>(top), get<Shared::out::adr>(top),
                    get<Shared::out::sel>(top), get<Shared::out::dat_w>(top));
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

    Clocked  clocked;
    cxxrtl_design::p_top &top = clocked.top;
    Memory   memory;
    Target   target;
    uint64_t deadline;

public:
    // The order, reply or log of processor "number", as "take" finds it in a port.
    template<class Take>
    void *of(uint32_t number, Take take) {
        void *found = nullptr;
        each([&](auto &port, uint32_t n) {
            if (n == number)
                found = take(port);
        });
        return found;
    }
};

}  // namespace


extern "C" {

Machine *machine_new(uint64_t latency, const uint8_t *stall, uint64_t stalls, PageOf page_of,
                     uint64_t deadline, uint32_t view) {
    return new Machine(latency, std::vector<uint8_t>(stall, stall + stalls), page_of, deadline,
                       view);
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

void *machine_order(Machine *machine, uint32_t number) {
    return machine->of(number, [](auto &port) { return (void *)&port.order; });
}

void *machine_reply(Machine *machine, uint32_t number) {
    return machine->of(number, [](auto &port) { return (void *)&port.reply; });
}

// Adds dispatcher, in pairs of a processor and its steps; says whether there are more.
void machine_plan(Machine *machine, const uint32_t *dispatcher, uint64_t count, uint32_t more) {
    machine->dispatcher.more = more;
    for (uint64_t index = 0; index < count; index++)
        machine->dispatcher.coming.push_back({dispatcher[2 * index], dispatcher[2 * index + 1]});
}

void machine_drop_turns(Machine *machine) {
    machine->dispatcher.drop();
}

// Words of a log, which "machine_forget" empties: of a processor, or of the view.
const uint32_t *machine_log(Machine *machine, uint32_t number, uint64_t *count) {
    auto *log = (Log *)machine->of(number, [](auto &port) { return (void *)&port.log; });
    *count = log->words.size();
    return log->words.data();
}

const uint32_t *machine_views(Machine *machine, uint64_t *count) {
    *count = machine->views.words.size();
    return machine->views.words.data();
}

void machine_forget(Machine *machine, uint32_t number) {
    ((Log *)machine->of(number, [](auto &port) { return (void *)&port.log; }))->words.clear();
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
    return bare.failed ? 0 : bare.cycles;
}

}
