"""`dragoncage script`: play kernel scripts, on the kernel of ``sw`` and on that of this machine."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import Unavailable, Unsuited
from sim.machine import ERAS
from sim.output.files import FileTrouble, print_out
from sim.output.progress import Progress
from sim.output.text import wrap
from sim.script import SCRIPTS, recorded
from sim.script.campaign import campaign
from sim.script.compare import differences
from sim.script.model import DEFAULT_ENGINE, DEFAULT_ERA, on_model
from sim.script.outcome import Outcome
from sim.script.parser import load, parse
from sim.script.report import Report, Said, as_json
from sim.script.runs import here, lacking, on_linux, steady
from sim.script.script import Script, ScriptError
from sim.script.settings import GROUPS
from sim.script.told import told_differences, told_run, told_verdict
from sim.switches import Switches

from .switches import add_switches, switches_of
from .usage import UsageError, path, seed, whole_number


__all__ = ["add", "script_command"]


#: Engines on which there is no need for anything but a kernel.
ENGINES = ("golden", "pysim", "cxxrtl")

#: Steps of the longest campaign.
MOST = 1_000_000


def add(commands: Any) -> None:
    """Add the arguments."""
    script = commands.add_parser("script", help=script_command.__doc__,
                                 description=script_command.__doc__)
    script.add_argument("files", nargs="*", type=path, metavar="FILE",
                        help="scripts, or folders of them (default: those that come with the "
                             "project)")
    what = script.add_mutually_exclusive_group()
    what.add_argument("--on", choices=("model", "linux"), default="model",
                      help="kernel to play on: the project's, or this machine's (default: model)")
    what.add_argument("--compare", action="store_true",
                      help="play on both, and print what differs; where there is no Linux, or it "
                           "lacks what a script needs, its stored results are taken")
    what.add_argument("--record", action="store_true",
                      help="store the results of this machine's Linux beside the scripts")
    script.add_argument("--random", type=whole_number(1, MOST), metavar="N",
                        help="with --compare: random scripts of N steps together instead")
    script.add_argument("--seed", type=seed, metavar="S",
                        help="with --random: the seed that they are drawn from (default: 0)")
    script.add_argument("--engine", choices=ENGINES,
                        help=f"engine of the model's machine (default: {DEFAULT_ENGINE})")
    script.add_argument("--era", choices=ERAS, metavar="ERA",
                        help="version of Linux whose rules the model has, see `dragoncage list` "
                             f"(default: {DEFAULT_ERA})")
    add_switches(script, GROUPS)
    script.add_argument("--json", action="store_true", help="print the results as JSON")
    script.set_defaults(command=script_command)


def script_command(args: argparse.Namespace) -> int:
    """Play kernel scripts: steps of processes, with what must come of them."""
    try:
        _check_model(args)
        if args.random is not None:
            return _campaign(args)
        if args.seed is not None:
            raise UsageError("--seed S goes with --random N")
        chosen  = switches_of(args, GROUPS)
        scripts = [(file, _with(load(file), chosen)) for file in _files(args.files or [SCRIPTS])]
        if args.record:
            return _record(scripts)
        if args.compare:
            return _compare(scripts, args)
        return _play(scripts, args)
    except ScriptError as error:
        raise UsageError(str(error)) from error
    except (Unavailable, Unsuited) as error:
        raise UsageError(str(error)) from error


def _check_model(args: argparse.Namespace) -> None:
    """Refuse what is about the model where it does not play; else have its defaults."""
    alone = "--record" if args.record else "--on linux" if args.on == "linux" else ""
    if alone and (args.engine or args.era):
        raise UsageError(f"--{'engine' if args.engine else 'era'} is about the model, which does "
                         f"not play with {alone}; leave it out")
    if args.record and args.switches:
        raise UsageError("--record stores what this Linux did as it is: leave --set out")
    if args.record and args.json:
        raise UsageError("--record stores results, and prints none: leave --json out")
    args.engine = args.engine or DEFAULT_ENGINE
    args.era    = args.era or DEFAULT_ERA


def _with(script: Script, chosen: Switches) -> Script:
    """The script on a kernel with the switches that were chosen, below its own."""
    return replace(script, switches=script.switches.over(chosen))


def _files(names: Iterable[Path]) -> list[Path]:
    """The scripts of that name, or in the folders of that name."""
    found: list[Path] = []
    for name in names:
        inside = sorted(name.rglob("*.toml")) if name.is_dir() else [name]
        if not inside:
            raise UsageError(f"{name}: there is no script in it; their names end with .toml")
        if not inside[0].exists():
            raise FileTrouble(f"cannot read {name}: No such file or directory")
        found += inside
    return found


def _play(scripts: Sequence[tuple[Path, Script]], args: argparse.Namespace) -> int:
    """Play all on one kernel. The status is 1 if something was not as expected."""
    reports = []
    for file, script in scripts:
        reports.append(_played(file, script, args))
        _tell(args, f"{told_run(reports[-1], f'the model of {args.era}')}\n")
    counts = Counter(report.verdict for report in reports)
    explained = counts["explained"]
    others    = f", {explained} otherwise for a reason that they say" if explained else ""
    _tell_total(args, f"{_scripts(len(reports))}: {counts['expected']} as expected, "
                      f"{counts['unexpected']} not, {counts['left out']} left out{others}")
    _tell_json(args, reports)
    return 1 if counts["unexpected"] else 0


def _played(file: Path, script: Script, args: argparse.Namespace) -> Report:
    on_host = args.on == "linux"
    lacks   = lacking(script) if on_host else ""
    if lacks:
        return Report(str(file), script, "left out", f"it needs {lacks}")
    outcomes = (on_linux(script) if on_host else
                on_model(script, engine=args.engine, era=args.era))
    failed = [outcome.failed for outcome in outcomes]
    said   = [outcome.said for outcome in outcomes]
    verdict = ("expected" if not any(failed) else
               "explained" if script.differs and not on_host else "unexpected")
    return Report(str(file), script, verdict, script.differs if verdict == "explained" else "",
                  model=() if on_host else said, linux=said if on_host else (),
                  kernel=here() if on_host else "", failed=failed)


def _scripts(count: int) -> str:
    return f"{count} script{'' if count == 1 else 's'}"


def _compare(scripts: Sequence[tuple[Path, Script]], args: argparse.Namespace) -> int:
    """Play all on both. The status is 1 if something differs for which the script has no reason."""
    reports = []
    for file, script in scripts:
        reports.append(_compared(file, script, args))
        _tell(args, told_verdict(reports[-1], f"the model of {args.era}"))
    counts = Counter(report.verdict for report in reports)
    counts["unmet"] = sum(any(report.failed) for report in reports)
    others = "".join(f", {counts[verdict]} {told}" for verdict, told in (
        ("unmet", "of them otherwise than expected"),
        ("explained", "differ for a reason that they say"),
        ("another Linux", "agree with the Linux on record, and not with this one"),
        ("left out", "left out")) if counts[verdict])
    _tell_total(args, f"{_scripts(len(reports))}: {counts['agree']} agree, "
                      f"{counts['differ']} differ{others}")
    _tell_json(args, reports)
    return 1 if counts["differ"] else 0


def _compared(file: Path, script: Script, args: argparse.Namespace) -> Report:
    outcomes = on_model(script, engine=args.engine, era=args.era)
    model    = [outcome.said for outcome in outcomes]
    kernel, linux = _on_linux(file, script, model, as_written=not args.switches)
    if linux is None:
        return Report(str(file), script, "left out", kernel)
    found = differences(script, linux, model)
    verdict = "agree" if not found else "explained" if script.differs else "differ"
    if verdict == "differ" and kernel == here():
        known = recorded.read(file.parent, script)
        if known and known.kernel != kernel and not differences(script, known.said, model):
            verdict = "another Linux"
    # What both do is no difference: an expectation that it belies may be an author's mistake.
    failed = [outcome.failed for outcome in outcomes] if verdict == "agree" else ()
    return Report(str(file), script, verdict, script.differs, model, linux, kernel, failed,
                  differences=found)


def _campaign(args: argparse.Namespace) -> int:
    """Compare random scripts, and print those that differ, shrunk. The status is 1 if any does."""
    if not args.compare or args.files:
        raise UsageError("--random N goes with --compare, and without files")
    if args.switches:
        raise UsageError("--random draws for the kernel that scripts have: leave --set out")
    drawn_from = args.seed or 0
    with Progress(unit="steps", total=args.random) as progress:
        findings = campaign(args.random, drawn_from, engine=args.engine, era=args.era,
                            played=progress.count)
    reports = [Report("", parse(finding.text, "random", "random"), "differ", kernel=here(),
                      differences=finding.differences, source=finding.text)
               for finding in findings]
    for report in reports:
        told = told_differences(report.differences, here(), f"the model of {args.era}")
        _tell(args, f"{report.source}\n{told}\n")
    _tell(args, f"{args.random} random steps from the seed {drawn_from}: {len(findings)} scripts "
                "differ\n")
    _tell_json(args, reports, random={"steps": args.random, "seed": drawn_from})
    return 1 if findings else 0


def _on_linux(file: Path, script: Script, model: Said, *,
              as_written: bool) -> tuple[str, Said | None]:
    """Results of this Linux, or else of the one that is on record; the kernel or a reason.

    The record is of the script ``as_written``, without other switches.
    """
    def agrees(outcomes: Sequence[Outcome]) -> bool:
        return not differences(script, [outcome.said for outcome in outcomes], model)

    lacks = lacking(script)
    try:
        if not lacks:
            return here(), [outcome.said for outcome in steady(script, wanted=agrees)]
    except Unavailable as error:
        lacks = str(error)
    if not as_written:
        return f"it needs {lacks}", None
    found = recorded.read(file.parent, script)
    if found is None:
        return f"it needs {lacks}, and nothing is on record", None
    return f"{found.kernel} (on record)", found.said


def _record(scripts: Sequence[tuple[Path, Script]]) -> int:
    """Store the results of this machine's Linux."""
    folders: dict[Path, dict[Script, Said]] = {}
    failed = 0
    for file, script in scripts:
        lacks = lacking(script)
        if lacks:
            print_out(f"{file}: left out, it needs {lacks}\n")
            continue
        outcomes = steady(script, wanted=_Twice())
        failed  += any(outcome.failed for outcome in outcomes)
        folders.setdefault(file.parent, {})[script] = [outcome.said for outcome in outcomes]
    for folder, results in folders.items():
        recorded.store(folder, results, here())
    print_out(f"{_scripts(sum(map(len, folders.values())))} recorded on {here()}, "
              f"{failed} not as expected\n")
    return 1 if failed else 0


class _Twice:
    """Tells of outcomes whether they have come before, and are as expected."""

    def __init__(self) -> None:
        self._seen: list[Sequence[Outcome]] = []

    def __call__(self, outcomes: Sequence[Outcome]) -> bool:
        before = outcomes in self._seen
        self._seen.append(outcomes)
        return before and not any(outcome.failed for outcome in outcomes)


def _tell(args: argparse.Namespace, text: str) -> None:
    if not args.json:
        print_out(text)


def _tell_total(args: argparse.Namespace, text: str) -> None:
    _tell(args, "".join(f"{line}\n" for line in wrap(text, "", "  ")))


def _tell_json(args: argparse.Namespace, reports: Sequence[Report], *,
               random: Mapping[str, int] | None = None) -> None:
    if args.json:
        document = as_json(reports, engine=args.engine, era=args.era, random=random)
        print_out(json.dumps(document, indent=1) + "\n")
