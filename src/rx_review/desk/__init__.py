"""The review desk and the flow: submission, moves, queue, the cashier's gate, registers. No HTTP, no SQL, no clock."""
