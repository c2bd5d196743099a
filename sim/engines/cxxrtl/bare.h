// The least that makes the compiled design copy memory: a limit for whatever drives it.
//
// The accesses are those of a kernel's copy, loads of 64 words and then stores of them. There are
// no orders, no marks, no time slices and no log, and memory is one array that answers in the next cycle.

#pragma once

#include "clock.h"
#include "memory.h"
#include "port.h"

#include <cstdint>


class Bare {
    using in  = Cpu0::in;
    using out = Cpu0::out;

public:
    static constexpr uint64_t chunk = 64, word_bytes = 8;

    uint64_t cycles = 0;
    bool     failed = false;  // by a fault, or because nothing has happened for long

    Bare(uint64_t *memory, uint64_t words) : memory(memory), words(words) {
        put<in::response_ready>(top, 1);
        put<in::controlled_ready>(top, 1);
    }

    // Writes a control register.
    void control(uint64_t number, uint64_t value) {
        Bits<in::control> bits;
        set_field(bits, control_fields::op,        op_write);
        set_field(bits, control_fields::register_, number);
        set_field(bits, control_fields::value,     value);
        in::control::of(top) = bits;
        put<in::control_valid>(top, 1);
        for (progress = cycles; !failed && !controlled; ) {
            cycle();
            if (taken)
                put<in::control_valid>(top, 0);
        }
        controlled = false;
    }

    // Copies "count" words between linear addresses, a multiple of the chunk.
    void copy(uint64_t to, uint64_t from, uint64_t count) {
        for (uint64_t done = 0; done < count * word_bytes && !failed; done += chunk * word_bytes) {
            string<false>(from + done);
            string<true>(to + done);
        }
    }

private:
    static constexpr uint64_t patience = 10000;  // cycles

    // Loads the buffer, or stores it.
    template<bool write>
    void string(uint64_t linear) {
        uint64_t asked = 0, answered = 0;
        offer<write>(linear, asked);
        for (progress = cycles; !failed && answered < chunk; ) {
            cycle();
            if (accepted && ++asked < chunk)
                offer<write>(linear, asked);
            else if (accepted)
                put<in::request_valid>(top, 0);
            if (responded) {
                if (!write)
                    buffer[answered] = data;
                answered++;
            }
        }
    }

    template<bool write>
    void offer(uint64_t linear, uint64_t index) {
        Bits<in::request> bits;
        set_field(bits, request_fields::linear,  linear + index * word_bytes);
        set_field(bits, request_fields::size,    3);
        set_field(bits, request_fields::kind,    write ? kind_write : kind_read);
        set_field(bits, request_fields::chained, index != 0);
        if (write)
            set_field(bits, request_fields::data, buffer[index]);
        in::request::of(top) = bits;
        put<in::request_valid>(top, 1);
    }

    void cycle() {
        put<Shared::in::ack>(top, ack);
        put<Shared::in::dat_r>(top, read_word);
        clocked.evaluate();
        sample();
        transfer();
        clocked.advance();
        cycles++;
        failed |= cycles - progress > patience;
    }

    void sample() {
        accepted   = get<typename out::request_valid>(top) && get<typename out::request_ready>(top);
        responded  = get<typename out::response_valid>(top);
        taken      = get<typename out::control_valid>(top) && get<typename out::control_ready>(top);
        controlled = get<typename out::controlled_valid>(top);
        if (responded) {
            const auto &response = bits<out::response>(top);
            data     = get_field(response, response_fields::data);
            failed  |= get_field(response, response_fields::fault) != fault_none;
            progress = cycles;
        }
        if (controlled)
            failed |= get_field(bits<out::controlled>(top), controlled_fields::fault);
    }

    void transfer() {
        ack = get<Shared::out::cyc>(top) && get<Shared::out::stb>(top);
        if (!ack)
            return;
        uint64_t adr = get<Shared::out::adr>(top);
        if (adr >= words) {
            failed = true;
            return;
        }
        read_word = memory[adr];
        if (get<Shared::out::we>(top))
            memory[adr] = merged(read_word, get<Shared::out::dat_w>(top),
                                 uint8_t(get<Shared::out::sel>(top)));
    }

    Clocked   clocked;
    cxxrtl_design::p_top &top = clocked.top;
    uint64_t *memory;
    uint64_t  words;
    uint64_t buffer[chunk] = {};
    uint64_t data = 0, read_word = 0, progress = 0;
    bool     ack = false, accepted = false, responded = false, taken = false, controlled = false;
};
