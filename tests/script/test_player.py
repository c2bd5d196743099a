"""Steps of a script, on the model and on this machine's Linux: both must say the same."""

import os
from pathlib import Path

import pytest

from sim.script.model import on_model
from sim.script.runs import on_linux, steady

from .script_support import EACH_KERNEL, LINUX, of_steps, played


#: A step that maps a page.
PAGE = 'who="a", do="mmap", as="p", length=4096, prot="rw", flags=["private", "anonymous"]\n'


@EACH_KERNEL
def test_addresses_are_told_by_names(kernel):
    said = played(kernel, PAGE + '''
        who="a", do="mprotect", at="p", length=4096, prot="r"
        who="a", do="store", at="p+8", value=1, expect={REFUSED, error_code="0x6", address="p+8"}
        who="a", do="load", at=4096, expect={MISSED, error_code="0x4", address=4096}
    ''')
    assert said[0]["ret"] == "p"
    assert [one["address"] for one in said[2:]] == ["p+8", "0x1000"]


@EACH_KERNEL
def test_faults_are_those_of_the_script_alone(kernel):
    said = played(kernel, PAGE + '''
        who="a", do="store", at="p", value=5
        who="a", do="fork", as="b"
        who="b", do="load", at="p", expect={value=5}
        who="b", do="store", at="p", value=6
        who="a", do="load", at="p", expect={value=5}
    ''')
    assert [one.get("faults") for one in said] == [0, 1, None, 0, 1, 0]


@EACH_KERNEL
def test_a_fetch_that_is_allowed_harms_nobody(kernel):
    played(kernel, PAGE + '''
        who="a", do="store", at="p", value=0xC3
        who="a", do="fetch", at="p", expect={REFUSED, error_code="0x15", address="p"}
        who="a", do="mprotect", at="p", length=4096, prot="rx"
        who="a", do="fetch", at="p"
        who="a", do="fetch", at="p+16"
        who="a", do="fetch", at="0x8000000000000000", expect={signal="SIGSEGV", code="SI_KERNEL"}
        who="a", do="load", at="p", size=1, expect={value=0xC3}
    ''')


@EACH_KERNEL
def test_a_limit_of_minus_one_is_none(kernel):
    played(kernel, '''
        who="a", do="setrlimit", resource="as", limit=-1, expect={ret=0}
    ''')


@EACH_KERNEL
def test_a_function_that_a_script_has_written_is_called(kernel):
    played(kernel, '''
        who="a", do="mmap", as="p", length=4096, prot="rwx", flags=["private", "anonymous"]
        who="a", do="store", at="p", value=0xC30000002AB8
        who="a", do="call", at="p", expect={value=42}
    ''')


@EACH_KERNEL
def test_signals_from_elsewhere_are_told_with_the_next_step(kernel):
    said = played(kernel, '''
        who="a", do="fork", as="b"
        who="b", do="sigaction", signal="SIGUSR1", action="handle"
        who="a", do="kill", pid="b", signal="SIGUSR1"
        who="b", do="signals", expect={signals=["SIGUSR1"]}
        who="b", do="signals"
        who="a", do="kill", pid="b", signal="SIGTERM"
        who="b", do="signals", expect={killed="SIGTERM"}
        who="a", do="wait", pid="b", expect={ret="b", status="killed SIGTERM"}
    ''')
    assert "signals" not in said[4]


@EACH_KERNEL
def test_a_child_that_lives_is_not_waited_for_without_an_end(kernel):
    played(kernel, '''
        who="a", do="fork", as="b"
        who="a", do="wait", pid="b", expect={ret=0}
        who="b", do="exit", status=3
        who="a", do="wait", expect={ret="b", status="exited 3"}
        who="a", do="wait", expect={errno="ECHILD"}
        who="b", do="signals", expect={killed="exit"}
    ''')


@EACH_KERNEL
def test_files_are_there_and_may_be_named_by_a_process_s_number(kernel):
    played(kernel, PAGE + '''
        who="a", do="open", as="f", path="data", flags=["rdonly"], expect={ret=0}
        who="a", do="pread", file="f", at=1, count=9, expect={ret=2, data="2233"}
        who="a", do="store", at="p", value=7
        who="b", do="pread", file="/proc/{a}/mem", at="p", count=2, expect={ret=2, data="0700"}
        who="b", do="pread", file="f", at=0, count=1, expect={errno="EBADF"}
    ''', head='file = [{path="data", data="11 22 33"}]')


@EACH_KERNEL
def test_what_is_not_as_expected_is_told(kernel):
    outcomes = kernel(of_steps(PAGE + '''
        who="a", do="load", at="p", expect={value=1}
        who="a", do="munmap", at="p+1", length=4096
        who="a", do="munmap", at="p", length=4096, expect={errno="EINVAL"}
    '''))
    assert [outcome.failed for outcome in outcomes[1:]] == [
        ("value 0, expected 1",), ("errno EINVAL, expected none",),
        ("errno nothing, expected EINVAL",)]


@EACH_KERNEL
def test_a_query_sees_the_page_and_its_mapping(kernel):
    said = played(kernel, PAGE + '''
        who="a", do="query", at="p", expect={present=false, perms="rw-p", start="p", end="p+4096"}
        who="a", do="store", at="p", value=1
        who="a", do="query", at="p", as="f", expect={present=true, mapped_once=true}
        who="a", do="munmap", at="p", length=4096
        who="a", do="query", at="p", expect={present=false, perms=""}
    ''')
    assert "mapped_once" not in said[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="Linux tells frames to root only")
@LINUX
def test_frames_are_compared_with_those_of_earlier_queries():
    steps = PAGE + '''
        who="a", do="store", at="p", value=1
        who="a", do="query", at="p", as="f", expect={zero=false}
        who="a", do="fork", as="b"
        who="b", do="query", at="p", expect={frame="f"}
        who="a", do="store", at="p", value=2
        who="a", do="query", at="p", expect={frame="!f"}
    '''
    assert [one.get("frame") for one in played(on_linux, steps)] == [
        one.get("frame") for one in played(on_model, steps)]


def children():
    """Numbers of this process's children, also of those that have ended and wait for it."""
    return {int(pid) for task in Path("/proc/self/task").iterdir()
            for pid in (task / "children").read_text(encoding="ascii").split()}


@LINUX
def test_nothing_is_left_of_a_script_s_processes(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = children()
    on_linux(of_steps('''
        who="a", do="fork", as="b"
        who="b", do="fork", as="c"
        who="a", do="exit"
    '''))
    assert not list(tmp_path.iterdir())
    assert children() == before


def test_a_script_fails_on_a_model_that_leaves_something_over(monkeypatch):
    monkeypatch.setattr("sw.mm.process_vm_access.unpin_user_page", lambda cpu, pinned: None)
    with pytest.raises(AssertionError, match="BUG: left over: frame"):
        on_model(of_steps(PAGE + '''
            who="a", do="process_vm_readv", pid="a", iov=[{count=8}], remote=[{at="p", count=8}]
        '''))


def test_what_linux_does_once_only_is_played_again(monkeypatch):
    plays = iter([1, 2, 2])
    monkeypatch.setattr("sim.script.runs.on_linux", lambda script: next(plays))
    assert steady(None, wanted=lambda outcomes: outcomes == 2) == 2
    assert next(plays) == 2
