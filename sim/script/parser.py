"""Reader of scripts in TOML. It is strict: what the format does not have is an error."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.output.names import others
from sim.switches import Switches

from . import expression, words
from .calls import CALLS, Arg, Kind
from .expectations import check_expected
from .host import PROCESSES
from .lines import Lines, read_toml
from .settings import read_settings
from .script import EXPECTED, MAKERS, NEEDS, STEPS, Script, ScriptError, ScriptFile, Segment, Step
from .values import (
    PAGE, SEGMENTS, Wrong, check_keys, check_room, check_table, check_width, data_of, is_number,
    list_of, one_of, prot_of, size_of, type_name, words_of,
)


__all__ = ["load", "parse"]


FORMAT = 1

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")

_TOP = {"format": int, "title": str, "needs": list, "differs": str, "set": dict, "file": list,
        "process": dict, "step": list}

_TABLES = ("set", "file", "process", "step")


def load(path: Path) -> Script:
    """Read a script from a file. Raises :class:`.script.ScriptError`, and :class:`OSError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}:1: a script is text in UTF-8") from error
    return parse(text, str(path), path.stem)


def parse(text: str, file: str, name: str) -> Script:
    """Read a script. Raises :class:`.script.ScriptError`, which names ``file`` and the line."""
    table = read_toml(text, file)
    return _Reader(table, Lines(text), file).script(name)


class _Reader:
    """One script as it is read; the names that it has given so far."""

    def __init__(self, table: Mapping[str, Any], lines: Lines, file: str):
        self._table = table
        self._lines = lines
        self._file  = file
        self._names:     set[str] = set()
        self._processes: set[str] = set()
        self._frames:    set[str] = set()
        self._begun = 0

    def script(self, name: str) -> Script:
        """Read it all."""
        head = self._within("", 0, self._head)
        users = dict(self._within("process", number, self._user, who, table)
                     for number, (who, table) in enumerate(head.get("process", {}).items()))
        switches = self._within("set", 0, _settings, head.get("set", {}))
        files = tuple(self._within("file", number, _file, table)
                      for number, table in enumerate(head.get("file", [])))
        steps = tuple(self._within("step", number, self._step, number, table)
                      for number, table in enumerate(head["step"]))
        return Script(name, head["title"], tuple(head.get("needs", ())), head.get("differs", ""),
                      files, users, steps, switches)

    def _within(self, head: str, number: int, read: Any, *args: Any) -> Any:
        """Read one table; say where it is wrong."""
        try:
            for value in args:
                check_width(value)
            return read(*args)
        except Wrong as wrong:
            line = self._lines.of(head, number, wrong.key)
            raise ScriptError(f"{self._file}:{line}: {wrong}") from wrong

    def _head(self) -> Mapping[str, Any]:
        # Tables are checked with their lines, when their turn comes.
        check_width({key: value for key, value in self._table.items()
                     if key not in _TABLES or not isinstance(value, _TOP[key])})
        # Another format has other keys: its number comes first.
        number = self._table.get("format")
        if is_number(number) and number != FORMAT:
            raise Wrong(f"this is format {number}; formats: {FORMAT}", "format")
        check_keys(self._table, _TOP, ("format", "title", "step"))
        for need in self._table.get("needs", ()):
            one_of(need, NEEDS, "needs")
        for key in ("title", "differs"):
            if not self._table.get(key, "-").strip():
                raise Wrong(f"{key} is empty", key)
        if not self._table["step"]:
            raise Wrong("a script has a step at least")
        return self._table

    def _user(self, who: str, table: Any) -> tuple[str, int]:
        check_table(table, f"process.{who}")
        check_keys(table, {"uid": int}, ("uid",))
        return who, table["uid"]

    def _step(self, number: int, table: Any) -> Step:
        check_table(table, "step")
        do    = table.get("do")
        kinds = _kinds(table, do)
        keys: dict[str, Any] = {"who": str, "do": str, "as": (str, list), "expect": dict}
        check_keys(table, keys | dict.fromkeys(kinds, object), ("who", "do"))
        who = table["who"]
        self._check_name(who, "who")
        if who in self._names - self._processes:
            raise Wrong(f"{who} is no process", "who")
        self._begin(do, who)
        args = {arg.key: self._argument(arg, table[arg.key]) for arg in kinds.values()
                if arg.key in table}
        for arg in kinds.values():
            if arg.kind is Kind.ROOM and arg.key in args and "buf" not in args:
                check_room(arg.key, args[arg.key])
        for arg in kinds.values():
            if arg.key not in table and arg.default is ...:
                raise Wrong(f"{do} needs {arg.key}: {arg.kind.value}", "do")
        names  = self._result_names(do, table.get("as", ()))
        expect = self._expect(table.get("expect", {}))
        return Step(self._lines.of("step", number, ""), who, do, args, names, expect)

    def _begin(self, do: str, who: str) -> None:
        """Count the processes and threads that begin in a step, or may."""
        self._begun += (who not in self._processes) + (do in MAKERS)
        if self._begun > PROCESSES:
            raise Wrong(f"a script has {PROCESSES} processes and threads at most", "who")
        self._names.add(who)
        self._processes.add(who)

    def _check_name(self, name: Any, key: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Wrong(f"{key} is a name of letters, digits and _, not {name!r}", key)

    def _result_names(self, do: str, value: Any) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else tuple(value)
        wants = 2 if do == "pipe" else 1
        if names and len(names) != wants or do == "pipe" and not names:
            raise Wrong(f"{do} gives {wants} result{'s' if wants > 1 else ''} a name", "as")
        for name in names:
            self._check_name(name, "as")
            if name in self._names:
                raise Wrong(f"{name} is a name already", "as")
        self._names.update(names)
        if do in MAKERS:
            self._processes.update(names)
        if do == "query":
            self._frames.update(names)
        return names

    def _argument(self, arg: Arg, value: Any) -> Any:
        key = arg.key
        if arg.kind in (Kind.NUMBER, Kind.ROOM):
            return self._expression(key, value)
        if arg.kind is Kind.WORDS:
            return words_of(key, value, arg.words)
        if arg.kind is Kind.WORD:
            return value if is_number(value) else one_of(value, arg.words, key)
        if arg.kind is Kind.CHOICE:
            return one_of(value, arg.words, key)
        if arg.kind is Kind.SIZE:
            return size_of(key, value)
        if arg.kind is Kind.PROT:
            return prot_of(value)
        if arg.kind is Kind.DATA:
            return data_of(key, value)
        if arg.kind is Kind.IOV:
            return self._iov(key, value)
        if arg.kind is Kind.SIGNALS:
            return [one_of(one, words.SIGNALS, key) for one in list_of(key, value)]
        if is_number(value) and arg.kind is not Kind.PATH:
            return value
        if not isinstance(value, str) or not value and arg.kind is not Kind.PATH:
            raise Wrong(f"{key} is {arg.kind.value}, not {value!r}", key)
        if arg.kind is Kind.SIGNAL:
            return one_of(value, words.SIGNALS, key)
        if arg.kind is Kind.PROCESS:
            return one_of(value, sorted(self._processes), key)
        for name in re.findall(r"\{(.*?)\}", value):
            one_of(name, sorted(self._processes), key)
        if arg.kind is Kind.FILE and _NAME.fullmatch(value) and value not in self._names:
            raise Wrong(f"{key}: no step before has made {value}; a path has a / in it", key)
        return value

    def _expression(self, key: str, value: Any) -> expression.Expression:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise Wrong(f"{key} is {Kind.NUMBER.value}, not {value!r}", key)
        try:
            found = expression.parse(value)
        except ValueError as error:
            raise Wrong(f"{key}: {error}", key) from error
        for name in found.names:
            if name not in self._names:
                raise Wrong(f"{key}: no step before has made {name}", key)
        return found

    def _iov(self, key: str, value: Any) -> list[Segment]:
        segments: list[Segment] = []
        parts = list_of(key, value)
        if len(parts) > SEGMENTS:
            raise Wrong(f"{key} has {SEGMENTS} parts at most", key)
        for part in parts:
            if not isinstance(part, dict) or set(part) not in (
                    {"data"}, {"count"}, {"at", "count"}):
                raise Wrong(f"{key} is {Kind.IOV.value}", key)
            if "data" in part:
                segments.append(Segment(data_of(key, part["data"])))
                continue
            if not is_number(part["count"]):
                raise Wrong(f"{key}: count is a number, not {part['count']!r}", key)
            at = self._expression(key, part["at"]) if "at" in part else None
            segments.append(Segment(None, part["count"], at))
        check_room(key, sum(len(one.data) if one.data is not None else max(one.count, 0)
                            for one in segments if one.at is None))
        return segments

    def _expect(self, table: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in table.items():
            one_of(key, EXPECTED, "expect")
            types = EXPECTED[key]
            if not isinstance(value, types) or isinstance(value, bool) and bool not in types:
                raise Wrong(f"expect: {key} is {type_name(types)}, not {value!r}", "expect")
            if key in ("ret", "value", "address", "start", "end"):
                value = self._expression("expect", value)
            elif key == "data":
                value = data_of("expect", value)
            elif key == "frame" and str(value).removeprefix("!") not in self._frames:
                raise Wrong(f"expect: no query before has made {value}", "expect")
            elif key == "child" and (isinstance(value, str) or value):
                one_of(value, sorted(self._processes), "expect")
            found[key] = value
        check_expected(found)
        return found


def _kinds(table: Mapping[str, Any], do: Any) -> dict[str, Arg]:
    """Arguments that the step may have, by name."""
    if not isinstance(do, str) or do not in CALLS and do not in STEPS:
        if "do" not in table:
            raise Wrong("a step needs do: what is done")
        raise Wrong(f'there is no "{str(do)[:40]}"; {others(do, [*STEPS, *CALLS], PAGE)}', "do")
    args = STEPS[do] if do in STEPS else CALLS[do].args
    own  = {arg.key: arg for arg in args if arg.kind is not Kind.FIXED}
    if do in CALLS and any(arg.kind in (Kind.DATA, Kind.ROOM) for arg in args):
        own["buf"] = Arg("buf", default=None)
        if "buf" in table and "data" in own:
            del own["data"]
            own["count"] = Arg("count")
    return own


def _settings(table: Mapping[str, Any]) -> Switches:
    try:
        return read_settings(table)
    except ValueError as error:
        raise Wrong(f"set: {error}", "set") from error


def _file(table: Any) -> ScriptFile:
    check_table(table, "file")
    check_keys(table, {"path": str, "data": str, "mode": int}, ("path", "data"))
    if not re.fullmatch(r"[\w.-]+", table["path"]):
        raise Wrong(f"path is a name without folders, not {table['path']!r}", "path")
    return ScriptFile(table["path"], data_of("data", table["data"]), table.get("mode", 0o644))
