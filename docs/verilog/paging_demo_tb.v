// Runs paging_demo, and compares each response with what the manual says (Intel SDM Vol. 3A, 4.6).
// Ends with a line that begins with PASSED or FAILED.

module paging_demo_tb;

    reg         clk, rst;
    wire [3:0]  step;
    wire        completed, done;
    wire [63:0] value;
    wire [2:0]  fault;
    wire [5:0]  error_code;
    integer     cycles, wrong;

    paging_demo demo (
        .clk(clk), .rst(rst), .step(step), .completed(completed), .value(value),
        .fault(fault), .error_code(error_code), .done(done)
    );

    initial begin
        clk    = 1'b0;
        rst    = 1'b1;
        cycles = 0;
        wrong  = 0;
        #22 rst = 1'b0;
    end

    always #5 clk = !clk;

    task expect_read(input [63:0] expected);
        expect_that(value == expected && fault == 3'd0);
    endtask

    task expect_page_fault(input [5:0] expected);
        expect_that(fault == 3'd1 && error_code == expected);
    endtask

    task expect_that(input right);
        begin
            if (fault == 3'd0)
                $write("step %0d: done, value %0h", step, value);
            else
                $write("step %0d: page fault, error code %0h", step, error_code);
            if (right) $display("");
            else       $display(", which is WRONG");
            if (!right) wrong <= wrong + 1;
        end
    endtask

    always @(negedge clk) begin
        cycles <= cycles + 1;
        if (completed && !rst)
            case (step)
                4'd2:       expect_read(64'h1122_3344_5566_7788);
                4'd3:       expect_page_fault(6'b000111);          // present, write, user
                4'd4:       expect_read(64'h0040_0008);           // CR2: the linear address
                4'd5:       expect_page_fault(6'b000011);          // present, write
                4'd8:       expect_read(64'hfeed);                // the kernel's store, WP = 0
                default:    expect_that(fault == 3'd0);
            endcase
        if (done || cycles == 1000) begin
            if (done && wrong == 0) $display("PASSED: %0d steps", step);
            else                    $display("FAILED: %0d wrong, at step %0d", wrong, step);
            $finish;
        end
    end

endmodule
