// One processor: carries out the orders that Python gives it, cycle by cycle.

#pragma once

#include "log.h"
#include "port.h"

#include <cstring>


// Most marks in one order.
constexpr size_t order_marks = 64;

enum Operation : uint32_t { NOTHING, ACCESS, LOAD, STORE, CONTROL, SEND, TAKE, HALT, GONE };

// What to do: to show the marks, one a cycle, and from the last one on to do the operation. Python
// writes it, with "fresh" set.
struct Order {
    uint32_t operation, fresh;
    uint64_t linear;              // ... or what to write to a register
    uint64_t data, compare;
    uint32_t kind, size;          // ... or control operation and register, target and vector
    uint32_t user, implicit;
    uint32_t count;               // bytes of a string
    uint32_t marks;
    uint32_t mark[order_marks];
    uint8_t  bytes[string_bytes];
};

// How it ended.
struct Reply {
    uint64_t data, cr2;
    uint32_t fault, error;
    uint32_t done;                // bytes of a string before the fault
    uint32_t pending;             // interrupts that wait
    uint8_t  bytes[string_bytes];
};


// The natural accesses that a string is cut into: sw/pieces.py says the same.
class Pieces {
public:
    uint64_t linear = 0;
    uint32_t left   = 0;

    uint32_t size() const {
        uint32_t size = 8;
        while (linear % size || size > left)
            size /= 2;
        return size;
    }

    void next() {
        uint32_t step = size();
        linear += step;
        left   -= step;
    }
};


template<class Cpu>
class ProcessorPort {
    using in  = typename Cpu::in;
    using out = typename Cpu::out;

public:
    Order order{};
    Reply reply{};
    Log   log;
    bool  hung = false;

    ProcessorPort() { order.operation = NOTHING; }

    // Begins a cycle. What is held begins nothing new.
    template<class Top>
    void drive(Top &top, bool is_held) {
        if (order.fresh)
            begin();
        held = is_held;
        if (shown < order.marks)
            put<typename in::kernel_stack>(top, order.mark[shown++]);
        bool quiet = shown < order.marks || (held && !offered);
        bool wanted = !quiet && order.operation != NOTHING && order.operation < HALT;
        bool access = wanted && order.operation <= STORE && asked.left;
        bool control = wanted && order.operation == CONTROL && !ordered;
        bool send = wanted && order.operation == SEND, take = wanted && order.operation == TAKE;
        put<typename in::response_ready>(top, 1);
        put<typename in::controlled_ready>(top, 1);
        put<typename in::request_valid>(top, access);
        put<typename in::control_valid>(top, control);
        put<typename in::send_valid>(top, send);
        put<typename in::take>(top, take);
        if (access && !offered)
            put_access(top);
        else if (control && !offered)
            put_control(top);
        else if (send) {
            put<typename in::send_target>(top, order.kind);
            put<typename in::send_vector>(top, order.size);
        } else if (take)
            put<typename in::vector>(top, order.size);
        if (!quiet)
            offered = access || control || send || take;
    }

    // Looks at the cycle; a recorder that sees the logged cycles alone records what it would from
    // all of them.
    template<class Top>
    void sample(const Top &top, uint64_t now) {
        accepted   = get<typename out::request_valid>(top) && get<typename out::request_ready>(top);
        responded  = get<typename out::response_valid>(top);
        took       = get<typename out::control_valid>(top) && get<typename out::control_ready>(top);
        controlled = get<typename out::controlled_valid>(top);
        pending    = get<typename out::pending>(top);
        bool cyc   = get<typename out::cyc>(top);
        bool moved = cyc && get<typename out::stb>(top) && !get<typename out::stall>(top);
        bool signalled = get<typename out::send_valid>(top) || get<typename out::take>(top);
        steps = moved + took + signalled;
        if (accepted || responded || took || controlled || moved || signalled
            || (cyc && get<typename out::ack>(top)) || now == 0 || changed(top, cyc)
            || !bits<typename out::events>(top).is_zero()) {
            log.begin(now);
#define ADD(name) log.add(bits<typename out::name>(top), before.name);
            SAMPLED(ADD)
#undef ADD
        }
    }

    // Ends the cycle. Returns whether the order has ended with it.
    template<class Top>
    bool end(const Top &top, uint64_t now, uint64_t deadline) {
        if (order.operation == GONE || !ends(top, now)) {
            if (order.operation < HALT && order.operation != NOTHING)
                check(now, deadline);
            return false;
        }
        reply.pending = uint32_t(pending);
        progress = now;
        return true;
    }

    // Whether there was nothing to do in this cycle, and will not be unless somebody interrupts.
    bool idle() const {
        return order.operation == GONE || (order.operation == HALT && !pending);
    }

    uint64_t steps = 0;  // in this cycle

private:
    void begin() {
        order.fresh = 0;
        shown   = 0;
        offered = ordered = false;
        asked.linear = answered.linear = order.linear;
        asked.left   = answered.left   = order.operation == ACCESS ? 1 : order.count;
        reply.fault  = uint32_t(fault_none);
        reply.done   = 0;
    }

    template<class Top>
    bool changed(const Top &top, bool cyc) const {
        return cyc != !before.cyc.is_zero()
            || bits<typename out::kernel_stack>(top) != before.kernel_stack
            || bits<typename out::claim>(top) != before.claim
            || bits<typename out::state>(top) != before.state;
    }

    template<class Top>
    void put_access(Top &top) {
        Bits<typename in::request> bits;
        bool single = order.operation == ACCESS;
        uint32_t size = single ? order.size : asked.size();
        uint64_t data = order.data;
        if (order.operation == STORE) {
            data = 0;
            std::memcpy(&data, order.bytes + (asked.linear - order.linear), size);
        }
        namespace fields = request_fields;
        set_field(bits, fields::linear,   asked.linear);
        set_field(bits, fields::size,     size == 8 ? 3 : size / 2);
        set_field(bits, fields::kind,     order.kind);
        set_field(bits, fields::user,     order.user);
        set_field(bits, fields::implicit, order.implicit);
        set_field(bits, fields::chained,  asked.linear != order.linear);
        set_field(bits, fields::data,     data);
        set_field(bits, fields::compare,  order.compare);
        in::request::of(top) = bits;
    }

    template<class Top>
    void put_control(Top &top) {
        Bits<typename in::control> bits;
        set_field(bits, control_fields::op,       order.kind);
        set_field(bits, control_fields::register_, order.size);
        set_field(bits, control_fields::value,    order.linear);
        in::control::of(top) = bits;
    }

    // Takes note of the cycle; returns whether the order ends with it.
    template<class Top>
    bool ends(const Top &top, uint64_t now) {
        switch (order.operation) {
        case NOTHING: return shown == order.marks;
        case HALT:    return shown == order.marks && pending;
        case SEND:
        case TAKE:    return offered;
        case CONTROL: return ends_control(top, now);
        default:      return ends_access(top, now);
        }
    }

    template<class Top>
    bool ends_control(const Top &top, uint64_t now) {
        if (took) {
            ordered  = true;
            offered  = false;
            progress = now;
        }
        if (controlled) {
            const auto &outcome = bits<typename out::controlled>(top);
            reply.data  = get_field(outcome, controlled_fields::value);
            reply.fault = uint32_t(get_field(outcome, controlled_fields::fault));
        }
        return controlled;
    }

    template<class Top>
    bool ends_access(const Top &top, uint64_t now) {
        if (accepted) {
            order.operation == ACCESS ? void(asked.left = 0) : asked.next();
            offered  = false;
            progress = now;
        }
        if (responded) {
            answer(bits<typename out::response>(top));
            progress = now;
        }
        if (answered.left)
            return false;
        reply.cr2 = get_field(bits<typename out::state>(top), state_fields::cr2);
        return true;
    }

    template<size_t N>
    void answer(const cxxrtl_yosys::value<N> &response) {
        uint64_t fault = get_field(response, response_fields::fault);
        uint64_t data  = get_field(response, response_fields::data);
        if (order.operation == ACCESS) {
            answered.left = 0;
            reply.data = data;
        } else {
            uint32_t size = answered.size();
            if (fault == fault_none) {
                if (order.operation == LOAD)
                    std::memcpy(reply.bytes + reply.done, &data, size);
                reply.done += size;
            }
            answered.next();
        }
        if (fault != fault_none && fault != fault_skipped) {
            reply.fault = uint32_t(fault);
            reply.error = uint32_t(get_field(response, response_fields::error));
        }
    }

    void check(uint64_t now, uint64_t deadline) {
        if (shown < order.marks || held)
            progress = now;
        else if (now - progress > deadline)
            hung = true;
    }

    uint32_t shown = 0;        // marks
    bool offered = false;      // ... must stay until it is taken
    bool ordered = false, held = false;
    Pieces asked, answered;
    uint64_t progress = 0;
    bool accepted = false, responded = false, took = false, controlled = false;
    uint64_t pending = 0;

    struct Before {
#define KEEP(name) Bits<typename out::name> name;
        SAMPLED(KEEP)
#undef KEEP
    } before;

#define COUNT(name) + 1
    static_assert(0 SAMPLED(COUNT) <= 32, "a row of the log has a bit for each signal");
#undef COUNT
};
