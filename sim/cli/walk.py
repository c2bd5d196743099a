"""`dragoncage walk`: page tables as unit, TLB and kernel see them, in any cycle of a run."""

import argparse
import json
from typing import Any

from sim.output.files import print_out
from sim.paging.json import as_json, map_as_json
from sim.paging.map import FLAGS
from sim.paging.text import as_text, map_as_text
from sim.paging.walk import KINDS, attempts_of
from sim.scenario.mistakes import ScenarioError

from .again import DEFAULT_ENGINE, TRACED
from .choice import DEFAULT_SCENARIO, add_machine
from .moment import seen
from .usage import MISTAKE, UsageError, address, address_range, complain, whole_number


__all__ = ["SCHEMA", "add", "walk_command"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1


def add(commands: Any) -> None:
    """Add the arguments."""
    walk = commands.add_parser("walk", help=walk_command.__doc__,
                               description=walk_command.__doc__)
    walk.add_argument("address", nargs="?", metavar="ADDRESS",
                      help="linear address, such as 0x7ffff7ffc000; without 0x it is decimal")
    walk.add_argument("name", nargs="?", metavar="NAME",
                      help=f"scenario, or Python file with one (default: {DEFAULT_SCENARIO})")
    walk.add_argument("--at", metavar="CYCLE|CLAIM",
                      help="cycle; or words of a claim, or its number, such as 5.2 for the second "
                           "of act 5, which stand for the cycle that shows it (default: the end "
                           "of the run)")
    walk.add_argument("--cpu", metavar="N", type=whole_number(0, 31), default=0,
                      help="processor (default: 0)")
    walk.add_argument("--cr3", metavar="VALUE", type=address,
                      help="address space: the tables that this value of CR3 names (default: that "
                           "of the cycle)")
    walk.add_argument("--access", choices=KINDS, metavar="KIND",
                      help=f"judge accesses of this kind alone: {', '.join(KINDS)}")
    walk.add_argument("--cpl", type=int, choices=(0, 3),
                      help="judge accesses at this privilege level alone")
    walk.add_argument("--all", action="store_true",
                      help="show all that is mapped, instead of an address")
    walk.add_argument("--range", type=address_range, metavar="A-B",
                      help="with --all: linear addresses from A to B alone")
    walk.add_argument("--physical", type=address_range, metavar="A-B",
                      help="with --all: physical addresses from A to B alone")
    walk.add_argument("--flags", type=_flags, default=(), metavar="FLAG,...",
                      help="with --all: pages with all of these alone, or without, after no-: "
                           f"{', '.join(FLAGS)}")
    add_machine(walk)
    walk.add_argument("--engine", choices=TRACED, default=DEFAULT_ENGINE,
                      help=f"engine that runs the machine (default: {DEFAULT_ENGINE})")
    walk.add_argument("--json", action="store_true", help="print JSON")
    walk.set_defaults(command=walk_command)


def walk_command(args: argparse.Namespace) -> int:
    """Play a scenario, and walk the page tables for an address as they were in a cycle."""
    try:
        if args.all:
            return _all(args)
        return _one(args)
    except ScenarioError as error:
        complain(f"the scenario has a mistake: {error.mistake}")
        return MISTAKE


def _one(args: argparse.Namespace) -> int:
    """Walk for one address."""
    for option in ("range", "physical", "flags"):
        if getattr(args, option):
            raise UsageError(f"--{option} needs --all")
    if args.address is None:
        raise UsageError("what is to be walked: an ADDRESS, or --all that is mapped? "
                         "(see: dragoncage walk --help)")
    try:
        linear = address(args.address)
    except argparse.ArgumentTypeError as error:
        raise UsageError(str(error)) from error
    args.name = args.name or DEFAULT_SCENARIO
    attempts  = attempts_of(args.access, args.cpl)
    status, found = seen(args, lambda stage, cycle: stage.walk(
        linear, cpu=args.cpu, cr3=args.cr3, cycle=cycle, attempts=attempts))
    if found.linear != linear:
        complain(f"{linear:#x} is {found.linear:#x} here: outside long mode an "
                 "address has 32 bits")
    print_out(_document(walk=as_json(found)) if args.json else as_text(found))
    return status


def _all(args: argparse.Namespace) -> int:
    """Map the whole address space."""
    if args.access is not None or args.cpl is not None:
        raise UsageError("--access and --cpl are for one ADDRESS; leave --all out")
    if args.address is not None and args.name is not None:
        raise UsageError(f"--all is of all addresses; leave {args.address} out")
    args.name = args.name or args.address or DEFAULT_SCENARIO
    status, found = seen(args, lambda stage, cycle: stage.address_map(
        cpu=args.cpu, cr3=args.cr3, cycle=cycle, linear=args.range, physical=args.physical,
        flags=args.flags))
    print_out(_document(map=map_as_json(found)) if args.json else map_as_text(found))
    return status


def _document(**content: Any) -> str:
    return json.dumps({"schema": SCHEMA, **content}, indent=2) + "\n"


def _flags(text: str) -> tuple[str, ...]:
    """Read names of flags."""
    names = tuple(text.split(","))
    for name in names:
        if name.removeprefix("no-") not in FLAGS:
            raise argparse.ArgumentTypeError(
                f'"{name}" is no flag of pages; there are: {", ".join(FLAGS)}, and no- before each')
    return names
