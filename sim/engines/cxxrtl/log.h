// A log of what happens on the ports of a processor. It says what the recorder makes of the same
// cycles, which is sim/record/recorder.py.

#pragma once

#include "entries.h"
#include "logged.h"
#include "port.h"
#include "ports.h"
#include "unit_driver.h"

#include <cstddef>
#include <cstdint>


template<class Cpu>
class Log {
    using out    = typename Cpu::out;
    using Driver = UnitDriver<Cpu>;

public:
    // Takes note of a cycle, once its ports are computed and the driver has looked at them.
    template<class Top>
    void sample(const Top &top, const Driver &driver, uint64_t now) {
        note_marks(top, now);
        note_state(top, now);
        const auto &events = bits<typename out::events>(top);
        bool strobed = !events.is_zero();
        if (strobed)
            note_events(top, now);
        note_transfers(top, now);
        if (driver.responded && accesses.is_open())
            end_access(top, now);
        if (driver.accepted)
            begin_access(top, now);
        if (driver.control_responded && controls.is_open())
            end_control(top, now);
        if (driver.control_accepted)
            begin_control(top, now);
        note_interrupts(top, now);
        if (strobed && get_field(events, events_fields::walk_ended))
            walking = false;
    }

    // All entries, where they are until the next cycle.
    Logged parts() const {
        return {marks.part(), states.part(), accesses.part(), transfers.part(), controls.part(),
                interrupts.part(), events.part(), tlb.part()};
    }

    // Drops what has ended.
    void forget() {
        marks.forget();
        states.forget();
        accesses.forget();
        transfers.forget();
        controls.forget();
        interrupts.forget();
        events.forget();
        tlb.forget();
    }

private:
    template<class Top>
    void note_marks(const Top &top, uint64_t now) {
        const auto &stack = bits<typename out::kernel_stack>(top);
        const auto &claim = bits<typename out::claim>(top);
        if (marked && stack == shown_stack && claim == shown_claim)
            return;
        shown_stack = stack;
        shown_claim = claim;
        marked++;
        marks.add({now, stack.data[0], claim.data[0]});
    }

    template<class Top>
    void note_state(const Top &top, uint64_t now) {
        const auto &found = bits<typename out::state>(top);
        if (changed && found == state)
            return;
        state = found;
        changed++;
        LoggedState entry{now, {}};
        copy(found, entry.state);
        states.add(entry);
    }

    template<class Top>
    void note_events(const Top &top, uint64_t now) {
        namespace fields = events_fields;
        const auto &found = bits<typename out::events>(top);
        static_assert(out::events::width <= 32, "the events are one word of a LoggedTlb");
        if (get_field(found, fields::walk_begun))
            walking = true;
        for (uint32_t bit = 0; bit < out::events::width; bit++)
            if (found.data[0] >> bit & 1)
                events.add({now, bit});
        if (found.data[0] & tlb_strobes) {
            LoggedTlb entry{now, found.data[0], {}};
            copy(bits<typename out::tlb>(top), entry.update);
            tlb.add(entry);
        }
    }

    template<class Top>
    void note_transfers(const Top &top, uint64_t now) {
        if (!get<typename out::cyc>(top)) {
            transfers.abandon();  // a bus cycle that ends forgoes its responses
            return;
        }
        bool failed = get<typename out::err>(top) != 0;
        if ((failed || get<typename out::ack>(top)) && transfers.is_open()) {
            LoggedTransfer &transfer = transfers.end();
            transfer.acked  = int64_t(now);
            transfer.failed = failed;
            if (!transfer.write)
                transfer.data = failed ? 0 : get<typename out::dat_r>(top);
        }
        if (get<typename out::stb>(top) && !get<typename out::stall>(top))
            transfers.begin({
                now, -1, get<typename out::adr>(top) * 8, get<typename out::dat_w>(top), mark(),
                uint8_t(get<typename out::sel>(top)), get<typename out::we>(top) != 0,
                get<typename out::lock>(top) != 0, walking, false});
    }

    template<class Top>
    void begin_access(const Top &top, uint64_t now) {
        namespace fields = request_fields;
        const auto &request = bits<typename out::request>(top);
        uint8_t  size = uint8_t(1 << get_field(request, fields::size));
        uint64_t mask = mask_of(size);
        accesses.begin({
            now, -1, get_field(request, fields::linear), get_field(request, fields::data) & mask,
            get_field(request, fields::compare) & mask, 0, 0, changed - 1, this->mark(), size,
            uint8_t(get_field(request, fields::kind)), get_field(request, fields::user) != 0,
            get_field(request, fields::implicit) != 0, get_field(request, fields::chained) != 0,
            uint8_t(fault_none), 0});
    }

    template<class Top>
    void end_access(const Top &top, uint64_t now) {
        AccessResponse response = Driver::response(top);
        LoggedAccess  &access   = accesses.end();
        access.completed = int64_t(now);
        access.fault     = uint8_t(response.fault);
        if (response.fault == fault_none) {
            access.physical = response.physical;
            if (access.kind != kind_write)  // after a write it is whatever memory says
                access.result = response.data & mask_of(access.size);
        } else if (response.fault == fault_page_fault)
            access.error = uint8_t(response.error);
    }

    template<class Top>
    void begin_control(const Top &top, uint64_t now) {
        namespace fields = control_fields;
        const auto &request = bits<typename out::control>(top);
        controls.begin({
            now, -1, get_field(request, fields::value), 0, get_field(request, fields::pcid),
            get_field(request, fields::linear), mark(),
            uint8_t(get_field(request, fields::op)), uint8_t(get_field(request, fields::register_)),
            false});
    }

    template<class Top>
    void end_control(const Top &top, uint64_t now) {
        ControlResponse response = Driver::control_response(top);
        LoggedControl  &control  = controls.end();
        control.completed = int64_t(now);
        control.result    = response.value;
        control.refused   = response.fault != 0;
    }

    template<class Top>
    void note_interrupts(const Top &top, uint64_t now) {
        if (get<typename out::send_valid>(top))
            interrupts.add({now, uint32_t(get<typename out::send_vector>(top)),
                            uint32_t(get<typename out::send_target>(top)), mark(), true});
        if (get<typename out::take>(top))
            interrupts.add({now, uint32_t(get<typename out::vector>(top)), 0, mark(), false});
    }

    // Index of the present mark, from the begin of the run on.
    uint32_t mark() const { return marked - 1; }

    static uint64_t mask_of(uint8_t size) { return ~UINT64_C(0) >> (64 - 8 * size); }

    template<size_t N, size_t Chunks>
    static void copy(const cxxrtl_yosys::value<N> &from, uint32_t (&to)[Chunks]) {
        static_assert(cxxrtl_yosys::value<N>::chunks == Chunks, "another signal");
        for (size_t chunk = 0; chunk < Chunks; chunk++)
            to[chunk] = from.data[chunk];
    }

    Entries<LoggedMark>      marks;
    Entries<LoggedState>     states;
    Entries<LoggedAccess>    accesses;
    Entries<LoggedTransfer>  transfers;
    Entries<LoggedControl>   controls;
    Entries<LoggedInterrupt> interrupts;
    Entries<LoggedEvent>     events;
    Entries<LoggedTlb>       tlb;

    uint32_t marked  = 0, changed = 0;  // marks and control states so far
    bool     walking = false;
    Bits<typename out::kernel_stack> shown_stack;
    Bits<typename out::claim>        shown_claim;
    Bits<typename out::state>        state;
};
