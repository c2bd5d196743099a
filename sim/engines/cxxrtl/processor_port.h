// One processor: carries out the commands that Python gives it, cycle by cycle.

#pragma once

#include "commands.h"
#include "log.h"
#include "port.h"
#include "ports.h"
#include "unit_driver.h"

#include <cstddef>
#include <cstdint>
#include <cstring>


// The naturally aligned accesses that a string of bytes is split into: sw/bus.py says the same.
class StringAccesses {
public:
    uint64_t linear = 0;
    uint32_t left   = 0;  // bytes

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
    using in     = typename Cpu::in;
    using out    = typename Cpu::out;
    using Driver = UnitDriver<Cpu>;

public:
    Command    command{};
    Completion completion{};
    Log<Cpu>   log;
    uint64_t   steps = 0;  // in this cycle
    bool       hung  = false;

    // To be called once the design is switched on.
    template<class Top>
    void connect(Top &top) { Driver::connect(top); }

    // Begins a cycle. What is held begins nothing new.
    template<class Top>
    void drive(Top &top, bool is_held) {
        if (command.operation != NONE)
            begin();
        held = is_held;
        if (shown < command.marks)
            put<typename in::kernel_stack>(top, command.mark[shown++]);
        bool quiet = shown < command.marks || (held && !offered);
        bool send = !quiet && operation == SEND, take = !quiet && operation == TAKE;
        put<typename in::send_valid>(top, send);
        put<typename in::take>(top, take);
        if (send) {
            put<typename in::send_target>(top, command.interrupt.target);
            put<typename in::send_vector>(top, command.interrupt.vector);
        } else if (take)
            put<typename in::vector>(top, command.interrupt.vector);
        if (!quiet && !offered)
            offered = send || take || offer(top);
    }

    // Looks at the cycle.
    template<class Top>
    void sample(const Top &top, uint64_t now) {
        driver.sample(top);
        log.sample(top, driver, now);
        pending    = get<typename out::pending>(top);
        bool moved = get<typename out::cyc>(top) && get<typename out::stb>(top)
            && !get<typename out::stall>(top);
        bool signalled = get<typename out::send_valid>(top) || get<typename out::take>(top);
        steps = moved + driver.control_accepted + signalled;
    }

    // Ends the cycle. Returns true if the command ends with it.
    template<class Top>
    bool end(Top &top, uint64_t now, uint64_t deadline) {
        driver.end(top);
        if (operation == GONE || !ends(top, now)) {
            if (operation < HALT && operation != SETTLE)
                check(now, deadline);
            return false;
        }
        completion.pending = uint32_t(pending);
        progress = now;
        return true;
    }

    // True if there was nothing to do in this cycle, and will not be unless somebody interrupts.
    bool idle() const {
        return operation == GONE || (operation == HALT && !pending);
    }

private:
    void begin() {
        operation         = Operation(command.operation);
        command.operation = NONE;
        shown   = 0;
        offered = requested_control = false;
        if (operation == LOAD || operation == STORE)
            requested = {command.string.linear, command.string.count};
        else
            requested = {command.access.linear, 1};  // one access, whatever its size
        completed = requested;
        completion.fault = uint32_t(fault_none);
        completion.count = 0;
    }

    // Offers what is to be requested next, if there is anything.
    template<class Top>
    bool offer(Top &top) const {
        switch (operation) {
        case ACCESS: return requested.left && offer_access(top);
        case LOAD:
        case STORE:  return requested.left && offer_string(top);
        case CONTROL:
            if (requested_control)
                return false;
            Driver::offer(top, ControlRequest{
                command.control.op, command.control.number, command.control.value,
                command.control.pcid, command.control.linear});
            return true;
        default:     return false;
        }
    }

    template<class Top>
    bool offer_access(Top &top) const {
        const AccessCommand &access = command.access;
        Driver::offer(top, AccessRequest{
            access.linear, access.size, access.kind, access.user, access.implicit, 0, access.data,
            access.compare});
        return true;
    }

    template<class Top>
    bool offer_string(Top &top) const {
        const StringCommand &string = command.string;
        uint64_t offset = requested.linear - string.linear, data = 0;
        uint32_t size   = requested.size();
        if (operation == STORE)
            std::memcpy(&data, command.bytes + offset, size);
        Driver::offer(top, AccessRequest{
            requested.linear, size, string.kind, string.user, 0, offset != 0, data, 0});
        return true;
    }

    // Takes note of the cycle; returns true if the command ends with it.
    template<class Top>
    bool ends(const Top &top, uint64_t now) {
        switch (operation) {
        case SETTLE:  return shown == command.marks;
        case HALT:    return shown == command.marks && pending;
        case SEND:
        case TAKE:    return offered;
        case CONTROL: return ends_control(top, now);
        default:      return ends_access(top, now);
        }
    }

    template<class Top>
    bool ends_control(const Top &top, uint64_t now) {
        if (driver.control_accepted) {
            requested_control = true;
            offered  = false;
            progress = now;
        }
        if (driver.control_responded) {
            ControlResponse response = Driver::control_response(top);
            completion.value   = response.value;
            completion.refused = uint32_t(response.fault);
        }
        return driver.control_responded;
    }

    template<class Top>
    bool ends_access(const Top &top, uint64_t now) {
        if (driver.accepted) {
            requested.next();
            offered  = false;
            progress = now;
        }
        if (driver.responded) {
            respond(Driver::response(top));
            progress = now;
        }
        if (completed.left)
            return false;
        completion.cr2 = Driver::cr2(top);
        return true;
    }

    // What is chained to a bus error may be done all the same; the command ends before it.
    void respond(const AccessResponse &response) {
        if (completion.fault != fault_none) {
            completed.next();
            return;
        }
        if (operation == ACCESS)
            completion.data = response.data;
        else if (response.fault == fault_none) {
            if (operation == LOAD)
                std::memcpy(completion.bytes + completion.count, &response.data, completed.size());
            completion.count += completed.size();
        }
        completed.next();
        if (response.fault != fault_none) {
            completion.fault = uint32_t(response.fault);
            completion.error = uint32_t(response.error);
        }
    }

    void check(uint64_t now, uint64_t deadline) {
        if (shown < command.marks || held)
            progress = now;
        else if (now - progress > deadline)
            hung = true;
    }

    Driver    driver;
    Operation operation = SETTLE;
    uint32_t  shown = 0;                // marks
    bool      offered = false;          // a request, which must stay until it is accepted
    bool      requested_control = false;
    bool      held = false;
    uint64_t  pending = 0, progress = 0;
    StringAccesses requested, completed;
};
