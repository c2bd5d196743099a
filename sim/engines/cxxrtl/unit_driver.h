// The unit's handshakes, seen from a processor: requests and their responses, control operations and
// theirs. What is offered stays offered until the unit accepts it; responses are always welcome.

#pragma once

#include "port.h"
#include "ports.h"

#include <cstdint>


// One access: see hw.bus.AccessRequest, but for its size, which is in bytes.
struct AccessRequest {
    uint64_t linear, size, kind, user, implicit, chained, data, compare;
};


// The outcome of an access: see hw.bus.AccessResponse.
struct AccessResponse {
    uint64_t data, physical, fault, error;
};


// One control operation, on the register with a number: see hw.bus.ControlRequest.
struct ControlRequest {
    uint64_t op, number, value, pcid, linear;
};


// The outcome of a control operation: see hw.bus.ControlResponse.
struct ControlResponse {
    uint64_t value, fault;
};


template<class Cpu>
class UnitDriver {
    using in  = typename Cpu::in;
    using out = typename Cpu::out;

public:
    // In the present cycle.
    bool accepted = false, responded = false;
    bool control_accepted = false, control_responded = false;

    // To be called once the design is switched on.
    template<class Top>
    static void connect(Top &top) {
        put<typename in::response_ready>(top, 1);
        put<typename in::controlled_ready>(top, 1);
    }

    // Offers a request from this cycle on. The one before it must have been accepted.
    template<class Top>
    static void offer(Top &top, const AccessRequest &request) {
        namespace fields = request_fields;
        Bits<typename in::request> bits;
        set_field(bits, fields::linear,   request.linear);
        set_field(bits, fields::size,     request.size == 8 ? 3 : request.size / 2);
        set_field(bits, fields::kind,     request.kind);
        set_field(bits, fields::user,     request.user);
        set_field(bits, fields::implicit, request.implicit);
        set_field(bits, fields::chained,  request.chained);
        set_field(bits, fields::data,     request.data);
        set_field(bits, fields::compare,  request.compare);
        in::request::of(top) = bits;
        put<typename in::request_valid>(top, 1);
    }

    template<class Top>
    static void offer(Top &top, const ControlRequest &request) {
        namespace fields = control_fields;
        Bits<typename in::control> bits;
        set_field(bits, fields::op,        request.op);
        set_field(bits, fields::register_, request.number);
        set_field(bits, fields::value,     request.value);
        set_field(bits, fields::pcid,      request.pcid);
        set_field(bits, fields::linear,    request.linear);
        in::control::of(top) = bits;
        put<typename in::control_valid>(top, 1);
    }

    // Looks at the cycle, as soon as its ports are computed.
    template<class Top>
    void sample(const Top &top) {
        accepted          = get<typename out::request_valid>(top)
            && get<typename out::request_ready>(top);
        responded         = get<typename out::response_valid>(top);
        control_accepted  = get<typename out::control_valid>(top)
            && get<typename out::control_ready>(top);
        control_responded = get<typename out::controlled_valid>(top);
    }

    // Ends the cycle, once the registers are in place: what was accepted is offered no more. Until
    // the next cycle is computed, all that comes out is still what it was.
    template<class Top>
    void end(Top &top) const {
        if (accepted)
            put<typename in::request_valid>(top, 0);
        if (control_accepted)
            put<typename in::control_valid>(top, 0);
    }

    // The response of a cycle that has one.
    template<class Top>
    static AccessResponse response(const Top &top) {
        namespace fields = response_fields;
        const auto &found = bits<typename out::response>(top);
        return {get_field(found, fields::data), get_field(found, fields::physical),
                get_field(found, fields::fault), get_field(found, fields::error)};
    }

    template<class Top>
    static ControlResponse control_response(const Top &top) {
        namespace fields = controlled_fields;
        const auto &found = bits<typename out::controlled>(top);
        return {get_field(found, fields::value), get_field(found, fields::fault)};
    }

    // Register CR2, as it is in the present cycle.
    template<class Top>
    static uint64_t cr2(const Top &top) {
        return get_field(bits<typename out::state>(top), state_fields::cr2);
    }
};
