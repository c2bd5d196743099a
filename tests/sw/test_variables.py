"""Variables of the kernel: one value for each machine, or for each processor."""

import pytest

from sim.golden.bus import GoldenBus
from sw.processor.cpu import Cpu
from sw.variables import DEFINE, DEFINE_PER_CPU, image, per_cpu_area, per_cpu_ptr, this_cpu_ptr


def machine(count=1):
    """Processors of one machine."""
    kernel = image()
    cpus   = [Cpu(GoldenBus(), number) for number in range(count)]
    for cpu in cpus:
        cpu.gs_base = per_cpu_area(kernel)
    return cpus


def test_a_variable_of_the_kernel_is_the_same_on_all_processors_of_a_machine():
    tasks = DEFINE(dict)
    first, other = machine(2)
    tasks(first)[1] = "init"
    assert tasks(other) == {1: "init"} and tasks(other) is tasks(first)


def test_machines_share_no_variable():
    tasks  = DEFINE(dict)
    one,   = machine()
    other, = machine()
    tasks(one)[1] = "init"
    assert tasks(other) == {}


def test_a_variable_has_the_value_that_it_was_set_to_on_that_machine_only():
    pinned = DEFINE(int)
    one, two = machine(2)
    other,   = machine()
    pinned.set(one, 7)
    assert (pinned(one), pinned(two), pinned(other)) == (7, 7, 0)


def test_two_variables_with_equal_values_are_two():
    one, two = DEFINE(list), DEFINE(list)
    cpu, = machine()
    one(cpu).append(1)
    assert two(cpu) == []


def test_a_variable_without_a_first_value_must_be_set_before_it_is_read():
    zero_page = DEFINE()
    cpu, = machine()
    with pytest.raises(AssertionError, match="BUG: a variable is read before it is set"):
        zero_page(cpu)
    zero_page.set(cpu, "page")
    assert zero_page(cpu) == "page"


def test_each_processor_has_its_own_variable():
    queue = DEFINE_PER_CPU(list)
    first, other = machine(2)
    this_cpu_ptr(first, queue).append(1)
    assert (this_cpu_ptr(first, queue), this_cpu_ptr(other, queue)) == ([1], [])


def test_a_processor_finds_the_variable_of_another():
    queue = DEFINE_PER_CPU(list)
    first, other = machine(2)
    per_cpu_ptr(queue, other).append(first.number)
    assert this_cpu_ptr(other, queue) == [0] and this_cpu_ptr(first, queue) == []
