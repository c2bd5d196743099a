"""`dragoncage coverage`: the rules of paging, bin by bin."""

import argparse
import json
import re
import time
from typing import Any

from hw.presets import PRESETS
from sim.coverage.campaign import Aim, Campaign
from sim.coverage.model import model_of
from sim.coverage.page import page
from sim.coverage.report import as_json, as_text, replayed
from sim.coverage.rules import RULES
from sim.errors import Unavailable
from sim.output.files import print_out, written
from sim.output.progress import Progress
from sim.switches import Switches

from .switches import add_switches, switches_of
from .usage import UsageError, path, seed, whole_number, writable_file
from .workers import add_workers, workers_of


__all__ = ["add", "coverage_command"]


#: Accesses of a campaign if nobody says how many: enough for all bins of every preset.
DEFAULT = 10_000

MOST = 1_000_000_000

#: Groups of switches that a unit alone has.
GROUPS = ("unit",)


def add(commands: Any) -> None:
    """Add the arguments."""
    coverage = commands.add_parser("coverage", help=coverage_command.__doc__,
                                   description=coverage_command.__doc__)
    coverage.add_argument("--rule", type=whole_number(1, len(RULES)), action="append",
                          metavar="N", help="rule N of docs/paging-rules.md, with all of its "
                                            "bins; several times (default: all rules)")
    coverage.add_argument("--preset", choices=PRESETS, default="full",
                          help="configuration of the unit (default: full)")
    add_switches(coverage, GROUPS)
    coverage.add_argument("--seed", type=seed, default=1, metavar="S",
                          help="what all stimuli are drawn from (default: 1)")
    coverage.add_argument("--accesses", type=whole_number(1, MOST), metavar="N",
                          help=f"go on for N accesses (default: {DEFAULT:,})")
    coverage.add_argument("--until-closed", action="store_true",
                          help="go on until every bin was hit, however long that takes")
    add_workers(coverage)
    coverage.add_argument("--stimulus", type=_aim, metavar="BIN.TRY",
                          help="carry out one stimulus again, and tell what is seen of it")
    coverage.add_argument("--html", type=path, metavar="FILE",
                          help="write a page with all bins, in one file")
    coverage.add_argument("--json", action="store_true", help="print JSON")
    coverage.set_defaults(command=coverage_command)


def coverage_command(args: argparse.Namespace) -> int:
    """Aim accesses at every condition that a rule of paging names, and count what is hit."""
    switches = switches_of(args, GROUPS)
    if "maxphyaddr" in switches.of("unit"):
        raise UsageError("--set unit.maxphyaddr: each stimulus has a width of physical addresses "
                         "of its own; leave it out")
    try:
        config = switches.unit(PRESETS[args.preset])
    except ValueError as error:
        raise UsageError(f"there is no such unit: {error}") from error
    rules    = sorted({*(args.rule or RULES)})
    bins     = [bin_.number for bin_ in model_of(config).of_rules(rules)]
    campaign = Campaign(config, args.seed, bins)
    try:
        if args.stimulus is not None:
            return _replay(args, campaign)
        return _cover(args, campaign, rules, switches)
    except Unavailable as error:
        raise UsageError(str(error)) from error


def _cover(args: argparse.Namespace, campaign: Campaign, rules: list[int],
           switches: Switches) -> int:
    """Cover the rules."""
    if not campaign.bins:
        raise UsageError("this unit can reach no bin of these rules; choose another --rule or "
                         "--preset")
    if args.html is not None:
        writable_file(args.html, option="--html")
    begun = time.monotonic()
    wanted = args.accesses or (0 if args.until_closed else DEFAULT)
    with workers_of(args) as pool, Progress(unit="accesses", total=wanted or None) as progress:
        def note(accesses: int, hit: int) -> None:
            progress.part(f"{hit:,} of {len(campaign.bins):,} bins")
            progress.count(accesses)

        campaign.run(pool, accesses=wanted, until_closed=args.until_closed, progress=note)
    seconds = time.monotonic() - begun
    given   = str(switches).split()
    unit    = " --set ".join([args.preset, *given])
    if args.html is not None:
        with written(args.html) as [file]:
            file.write(page(as_json(campaign, args.preset, given, rules), args.html.parent))
    if args.json:
        print_out(json.dumps(as_json(campaign, args.preset, given, rules)) + "\n")
    else:
        print_out(as_text(campaign, unit, rules, seconds, chosen=args.rule is not None))
    return 1 if campaign.holes or campaign.differences or campaign.illegal else 0


def _replay(args: argparse.Namespace, campaign: Campaign) -> int:
    """Carry out one stimulus again."""
    for option, value in (("--rule", args.rule), ("--accesses", args.accesses),
                          ("--until-closed", args.until_closed or None), ("--html", args.html),
                          ("--jobs", args.jobs), ("--scheduler", args.scheduler),
                          ("--json", args.json or None)):
        if value is not None:
            raise UsageError(f"{option} is about a campaign, and --stimulus is one of its "
                             "stimuli; leave one of them out")
    count = len(campaign.model.bins)
    if args.stimulus.bin >= count:
        raise UsageError(f"--stimulus {args.stimulus}: this unit has {count:,} bins, numbered "
                         "from 0")
    print_out(replayed(campaign, args.stimulus))
    return 0


def _aim(text: str) -> Aim:
    """Read the name of a stimulus."""
    found = re.fullmatch(r"(\d{1,6})\.(\d{1,9})", text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is no stimulus: write BIN.TRY, as a report has it, such as 1042.0')
    return Aim(int(found[1]), int(found[2]))
