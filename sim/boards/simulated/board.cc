// A board: the demonstration system, and what is at the other end of its line, as a computer's UART
// is. "top.h" has the design, which is compiled or verilated; "status.h", which is generated, what
// Python and the board tell each other.

#include "status.h"
#include "top.h"

#include <cstddef>
#include <cstdint>


namespace {

// Bytes onto a line: a start bit, 8 bits from the lowest on, a stop bit.
class Sender {
public:
    explicit Sender(uint32_t divisor) : divisor(divisor) {}

    bool idle() const { return !bits; }

    void send(uint8_t byte) {
        bits = 1u << 9 | uint32_t(byte) << 1;
        left = 10;
        timer = divisor;
    }

    // The line in this cycle.
    bool line() {
        if (!left)
            return true;
        bool level = bits & 1;
        if (!--timer) {
            bits >>= 1;
            left--;
            timer = divisor;
            if (!left)
                bits = 0;
        }
        return level;
    }

private:
    uint32_t divisor, bits = 0, left = 0, timer = 0;
};


// Bytes from a line, each looked at in the middle of its bits.
class Receiver {
public:
    explicit Receiver(uint32_t divisor) : divisor(divisor) {}

    // Looks at the line in this cycle; returns true if a byte is complete.
    bool see(bool level) {
        if (!left) {
            if (!level) {
                left  = 10;
                timer = divisor / 2;
            }
            return false;
        }
        if (timer--)
            return false;
        timer = divisor - 1;
        bits  = bits >> 1 | uint32_t(level) << 9;
        return !--left && level;
    }

    uint8_t byte() const { return uint8_t(bits >> 1); }

private:
    uint32_t divisor, bits = 0, left = 0, timer = 0;
};


class Board {
public:
    explicit Board(uint32_t divisor) : sender(divisor), receiver(divisor) {}

    Status status{};

    void run(const uint8_t *out, uint64_t count, uint8_t *in, uint64_t capacity, uint64_t cycles) {
        status.sent = status.received = 0;
        for (; cycles && status.received < capacity; cycles--, status.cycles++) {
            if (sender.idle() && status.sent < count)
                sender.send(out[status.sent++]);
            top.drive(sender.line(), status.button);
            if (receiver.see(top.tx()))
                in[status.received++] = receiver.byte();
            top.advance();
        }
        status.lights = top.lights();
    }

private:
    Top      top;
    Sender   sender;
    Receiver receiver;
};

}  // namespace


extern "C" {

Board *board_new(uint32_t divisor) {
    return new Board(divisor);
}

void board_delete(Board *board) {
    delete board;
}

Status *board_status(Board *board) {
    return &board->status;
}

// Lets "cycles" pass, or fewer if more is received than there is space for.
void board_run(Board *board, const uint8_t *out, uint64_t count, uint8_t *in, uint64_t capacity,
               uint64_t cycles) {
    board->run(out, count, in, capacity, cycles);
}

}
