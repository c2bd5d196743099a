// A plain Verilog design around the unit that `dragoncage verilog` writes: a memory with page
// tables in it, and an initiator that does nine operations, one after the other.
//
// The page at linear address 0x00400000 is present and the user's, but read-only. A store there
// faults for the user, and for the kernel while CR0.WP is 1; with WP at 0 the kernel's store is done.

module paging_demo (
    input  wire        clk,
    input  wire        rst,
    output reg  [3:0]  step,        // the operation that is under way
    output wire        completed,   // ... has just ended; the next three belong to it
    output wire [63:0] value,       // what was read
    output wire [2:0]  fault,       // how an access ended: 0 well, 1 page fault
    output wire [5:0]  error_code,  // of a page fault: P, W, U, RSVD, I, PK from bit 0 on
    output wire        done         // there are no more operations
);

    // The operations. Bit ranges are those in the header of dragoncage_mmu.v.

    localparam [1:0] OP_READ = 0, OP_WRITE = 1;                   // control_request_payload.op
    localparam [3:0] CR0 = 0, CR2 = 2, CR3 = 3;                   // ... .register
    localparam [2:0] KIND_READ = 0, KIND_WRITE = 1;               // access_request_payload.kind
    localparam [63:0] PAGE = 64'h0040_0000;
    localparam [63:0] PG = 64'h8000_0000, WP = 64'h0001_0000, PE = 64'h0000_0001;

    // The two operands of INVPCID are 0.
    function [197:0] control(input [1:0] op, input [3:0] register, input [63:0] operand);
        control = {128'd0, operand, register, op};
    endfunction

    // Eight bytes each (size 3), neither implicit nor chained.
    function [199:0] access(input [2:0] kind, input user, input [63:0] linear, input [63:0] data);
        access = {64'd0, data, 1'b0, 1'b0, user, kind, 2'd3, linear};
    endfunction

    reg         is_control;
    reg [197:0] order;
    reg [199:0] request;

    always @(*) begin
        is_control = 1'b1;
        order      = 198'd0;
        request    = 200'd0;
        case (step)
            4'd0: order = control(OP_WRITE, CR3, 64'h1000);       // the page directory's address
            4'd1: order = control(OP_WRITE, CR0, PG | WP | PE);   // paging is on from here
            4'd4: order = control(OP_READ,  CR2, 64'd0);          // where the fault was
            4'd6: order = control(OP_WRITE, CR0, PG | PE);        // WP = 0
            default: begin
                is_control = 1'b0;
                case (step)
                    4'd2: request = access(KIND_READ,  1'b1, PAGE,         64'd0);
                    4'd3: request = access(KIND_WRITE, 1'b1, PAGE + 64'd8, 64'hbad);
                    4'd5: request = access(KIND_WRITE, 1'b0, PAGE + 64'd8, 64'hbad);
                    4'd7: request = access(KIND_WRITE, 1'b0, PAGE + 64'd8, 64'hfeed);
                    default: request = access(KIND_READ, 1'b1, PAGE + 64'd8, 64'd0);
                endcase
            end
        endcase
    end

    // The initiator: hold the request until it is accepted, then wait for the response.

    reg  issued;
    wire access_ready, access_valid, control_ready, control_valid;
    wire [124:0] response;
    wire [64:0]  outcome;

    wire requesting = !issued && !done;
    wire accepted   = is_control ? control_ready : access_ready;

    assign done       = step == 4'd9;
    assign completed  = access_valid || control_valid;
    assign value      = is_control ? outcome[63:0] : response[63:0];
    assign fault      = is_control ? 3'd0 : response[118:116];
    assign error_code = is_control ? 6'd0 : response[124:119];

    always @(posedge clk)
        if (rst) begin
            step   <= 4'd0;
            issued <= 1'b0;
        end else if (completed) begin
            step   <= step + 4'd1;
            issued <= 1'b0;
        end else if (requesting && accepted)
            issued <= 1'b1;

    // The memory: a Wishbone target in pipelined mode, which responds in the next cycle.

    reg  [63:0] words [0:2047];                                   // 16 KiB
    reg  [63:0] dat_r;
    reg         ack;
    wire        cyc, stb, we;
    wire        transfer = cyc && stb;
    wire [36:0] adr;
    wire [7:0]  sel;
    wire [63:0] dat_w;
    integer     lane, place;

    initial begin
        for (place = 0; place < 2048; place = place + 1)
            words[place] = 64'd0;
        words[11'h200] = {32'h0000_2007, 32'h0000_0000};          // 0x1000: PDE 1: P, R/W, U/S
        words[11'h400] = {32'h0000_0000, 32'h0000_3005};          // 0x2000: PTE 0: P, U/S
        words[11'h600] = 64'h1122_3344_5566_7788;                 // 0x3000: the page
    end

    always @(posedge clk) begin
        ack   <= transfer && !rst;
        dat_r <= words[adr[10:0]];
        for (lane = 0; lane < 8; lane = lane + 1)
            if (transfer && we && sel[lane])
                words[adr[10:0]][8*lane +: 8] <= dat_w[8*lane +: 8];
    end

    // The unit. Nobody else uses the memory, so that `lock` is of no use; nor are the strobes.

    wire         lock;
    wire [640:0] state;
    wire [27:0]  events;
    wire [184:0] tlb;
    wire         unused = &{1'b0, lock, state, events, tlb, adr, outcome, response};

    dragoncage_mmu mmu (
        .clk                     (clk),
        .rst                     (rst),
        .access_request_payload  (request),
        .access_request_valid    (requesting && !is_control),
        .access_request_ready    (access_ready),
        .access_response_payload (response),
        .access_response_valid   (access_valid),
        .access_response_ready   (1'b1),
        .control_request_payload (order),
        .control_request_valid   (requesting && is_control),
        .control_request_ready   (control_ready),
        .control_response_payload(outcome),
        .control_response_valid  (control_valid),
        .control_response_ready  (1'b1),
        .control_state           (state),
        .memory_cyc              (cyc),
        .memory_stb              (stb),
        .memory_we               (we),
        .memory_lock             (lock),
        .memory_adr              (adr),
        .memory_sel              (sel),
        .memory_dat_w            (dat_w),
        .memory_dat_r            (dat_r),
        .memory_stall            (1'b0),
        .memory_ack              (ack),
        .memory_err              (1'b0),
        .events                  (events),
        .tlb                     (tlb)
    );

endmodule
