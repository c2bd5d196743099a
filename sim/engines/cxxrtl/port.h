// Reading and writing ports of the compiled design by the types that "ports.h" has for them.

#pragma once

#include <cxxrtl/cxxrtl.h>

#include <cstddef>
#include <cstdint>


// A part of a packed port, of 64 bits at most.
struct Field {
    size_t offset, width;
};

template<class Port>
using Bits = cxxrtl_yosys::value<Port::width>;

template<size_t N>
const cxxrtl_yosys::value<N> &read(const cxxrtl_yosys::value<N> &port) { return port; }

template<size_t N>
const cxxrtl_yosys::value<N> &read(const cxxrtl_yosys::wire<N> &port) { return port.curr; }

template<class Port, class Top>
const Bits<Port> &bits(const Top &top) {
    return read(Port::of(top));
}

template<class Port, class Top>
uint64_t get(const Top &top) {
    static_assert(Port::width <= 64, "more than fits a number");
    return bits<Port>(top).template get<uint64_t>();
}

template<class Port, class Top>
void put(Top &top, uint64_t number) {
    static_assert(Port::width <= 64, "more than fits a number");
    Port::of(top).template set<uint64_t>(number & (~UINT64_C(0) >> (64 - Port::width)));
}

// Puts the low bits of a number into a field. The field must be zero before.
template<size_t N>
void set_field(cxxrtl_yosys::value<N> &bits, Field field, uint64_t number) {
    if (field.width < 64)
        number &= (UINT64_C(1) << field.width) - 1;
    size_t chunk = field.offset / 32, shift = field.offset % 32;
    bits.data[chunk] |= uint32_t(number << shift);
    if (shift + field.width > 32)
        bits.data[chunk + 1] |= uint32_t(number >> (32 - shift));
    if (shift + field.width > 64)
        bits.data[chunk + 2] |= uint32_t(number >> (64 - shift));
}

template<size_t N>
uint64_t get_field(const cxxrtl_yosys::value<N> &bits, Field field) {
    size_t chunk = field.offset / 32, shift = field.offset % 32;
    uint64_t number = bits.data[chunk] >> shift;
    if (shift + field.width > 32)
        number |= uint64_t(bits.data[chunk + 1]) << (32 - shift);
    if (shift + field.width > 64)
        number |= uint64_t(bits.data[chunk + 2]) << (64 - shift);
    return field.width < 64 ? number & ((UINT64_C(1) << field.width) - 1) : number;
}
