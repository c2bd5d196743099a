"""The processor that the kernel executes on: registers, instructions, exceptions.

It knows the bus, and nothing of the kernel.
"""
