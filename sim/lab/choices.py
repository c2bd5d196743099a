"""Choices of a visitor: scenarios, and machines to play them on, as values that JSON has."""

from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from hw.presets import PRESETS
from sim.errors import Unsuited
from sim.machine import DEFAULT_ERA, ERAS, MODES, suits
from sim.scenario.assembly import MachineChoice
from sim.scenario.scenario import Scenario, load
from sim.scenarios import SCENARIOS
from sim.script import SCRIPTS
from sim.script.parser import parse
from sim.switches import SWITCHES, Switches

from .reference import reference
from .tour import tour


__all__ = ["POLICIES", "chosen_machine", "chosen_scenario", "file_of", "offered"]


#: Scenarios of one file, from the shortest on.
EXAMPLES = ("refused", "through_mem", "forked", "counting", "walks")

#: Files of access vectors, by what they show.
VECTORS = {"a read-only page, twice": "punch", "what guards a page": "guards",
           "a translation that is stale": "stale"}

#: Scripts of the project, for a visitor to change.
SCRIPTED = ("forced/anonymous_untouched", "forced/by_three_ways", "fork/shares_until_written",
            "forced/julia_probes", "ptrace/breakpoint")

#: Policies of forced writes, of the eras that have them.
POLICIES = ("always", "ptrace", "never")


def offered() -> dict[str, Any]:
    """All that can be chosen."""
    return {
        "scenarios": [_offered(scenario, None) for scenario in SCENARIOS.values()]
                     + list(_examples()),
        "presets":   [{"name": name, "modes": [mode for mode in MODES if suits(config, mode)]}
                      for name, config in PRESETS.items()],
        "eras":      [{"name": name, "version": era.name, "policies": era.force_override}
                      for name, era in ERAS.items()],
        "era":       DEFAULT_ERA,
        "policies":  list(POLICIES),
        "switches":  [{"name": switch.name, "meaning": switch.meaning,
                       "default": switch.default} for switch in SWITCHES.values()],
        "tour":      tour(),
        "reference": reference(),
        "vectors":   {name: _text(f"{file}.jsonl") for name, file in VECTORS.items()},
        "scripts":   {parse(text, name, name).title: text for name, text in _scripts()},
    }


def _offered(scenario: Scenario, text: str | None) -> dict[str, Any]:
    return {"name": scenario.name, "title": scenario.title, "modes": list(scenario.modes),
            "text": text}


def _examples() -> Iterator[dict[str, Any]]:
    """The examples of docs/scenarios.md, for a visitor to change."""
    folder = files(__package__).joinpath("examples")
    for name in EXAMPLES:
        with as_file(folder.joinpath(f"{name}.py")) as file:
            yield _offered(load(file), file.read_text(encoding="utf-8"))


def _text(name: str) -> str:
    """The text of an example."""
    return files(__package__).joinpath("examples", name).read_text(encoding="utf-8")


def _scripts() -> Iterator[tuple[str, str]]:
    """Scripts by their names."""
    for name in SCRIPTED:
        yield name, (SCRIPTS / f"{name}.toml").read_text(encoding="utf-8")


def chosen_scenario(request: Mapping[str, Any], folder: Path) -> Scenario:
    """The scenario that a ``request`` names, or whose text it has, which is kept in ``folder``.

    Raises :class:`sim.errors.Unsuited` for a name that there is not, and
    :class:`sim.scenario.mistakes.ScenarioError` for a text that has a mistake.
    """
    if request.get("text") is not None:
        return load(file_of(request, folder))
    name = str(request.get("scenario", ""))
    if name not in SCENARIOS:
        raise Unsuited(f'there is no scenario "{name[:40]}"')
    return SCENARIOS[name]


def file_of(request: Mapping[str, Any], folder: Path) -> Path:
    """The text of a ``request``, as a file in ``folder`` that has the name of the scenario."""
    name = str(request.get("scenario", ""))
    file = folder / f"{name if name.isidentifier() else 'scenario'}.py"
    file.write_text(str(request["text"]), encoding="utf-8", errors="surrogatepass")
    return file


def chosen_machine(request: Mapping[str, Any]) -> MachineChoice:
    """The machine that a ``request`` names, all but the engine.

    Raises :class:`sim.errors.Unsuited` for what there is not.
    """
    mode, preset = request.get("mode"), request.get("preset")
    era, policy  = request.get("era") or DEFAULT_ERA, request.get("force_override")
    for what, value, known in (("mode", mode, MODES), ("preset", preset, PRESETS),
                               ("era", era, ERAS), ("policy", policy, POLICIES)):
        if value is not None and value not in known:
            raise Unsuited(f'there is no {what} "{str(value)[:40]}"')
    if policy is not None and not ERAS[era].force_override:
        raise Unsuited("Linux has proc_mem.force_override= since 6.12; choose the era 6.x")
    try:
        switches = Switches.parse(map(str, request.get("switches", ())),
                                  where="all are listed below")
    except ValueError as error:
        raise Unsuited(str(error)) from error
    return MachineChoice(engine="cxxrtl", era=era, mode=mode, force_override=policy,
                         config=None if preset is None else PRESETS[preset], switches=switches)
