"""Rules of the unit that can be wrong: pure functions in place of those in :mod:`hw`."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import C, Mux, Value
from amaranth.lib.data import View

from hw.bus import Register
import hw.control
from hw.layout import AccessKind, Entry, Level
from hw.legality import loads_pdptes
from hw.linear import canonical
import hw.pdpte
import hw.permission
from hw.permission import Protection, denied, denied_by_keys, supervises
from hw.reserved import malformed_pdpte, references_table, reserved
import hw.translator
import hw.verdict
import hw.walker


__all__ = ["rules"]


_PROTECTION = [name for name, _ in Protection.as_shape()]


def rules(has: Callable[[str], Value]) -> Mapping[tuple[Any, str], Callable[..., Any]]:
    """Rules of the unit, by module and name, each with the flaws that ``has`` tells of."""
    def without(entry: Any, flaw: str, bits: int, when: Any = 1) -> Any:
        mask = Mux(has(flaw) & when, C(bits, 64), 0)
        return View(Entry, entry.as_value() & ~mask)

    def forgiving(entry: Any, level: Any, **given: Any) -> Any:
        entry = without(entry, "upper bits are ignored in PAE paging", 0x7ff << 52,
                        given["mode"].pae)
        return reserved(without(entry, "PS makes a page of a PML5E", 0x80,
                                level == Level.PML5), level, **given)

    def referring(entry: Any, level: Any, **given: Any) -> Any:
        return references_table(without(entry, "upper bits are ignored in PAE paging",
                                        0x7ff << 52, given["mode"].pae), level, **given)

    def well_formed(pdpte: Any, **given: Any) -> Any:
        return malformed_pdpte(pdpte, **given) & ~has("a malformed PDPTE is loaded")

    def loading(register: Any, *given: Any, **config: Any) -> Any:
        return loads_pdptes(register, *given, **config) & ~(
            has("CR4 loads no PDPTEs") & (register == Register.CR4))

    def narrow(linear: Any, *, la57: Any) -> Any:
        return canonical(linear, la57=la57 & ~has("LA57 widens no address"))

    def lenient(*, protection: Any, **given: Any) -> Any:
        return denied(**given, protection=_changed(
            protection, _PROTECTION, wp=protection.wp & ~has("WP is ignored"),
            ac=protection.ac & ~has("AC opens nothing")))

    def mistaken(*, access: Any, protection: Any) -> Any:
        fetched = (access.kind == AccessKind.FETCH) & has("a key stops fetches")
        kind = Mux(fetched, AccessKind.READ, access.kind)
        forbidden = denied_by_keys(
            access=_changed(access, ("user", "implicit"), kind=kind),
            protection=_changed(protection, _PROTECTION,
                                wp=protection.wp | has("WD ignores WP")))
        register = forbidden.word_select(~supervises(access), 16)
        return Mux(has("the CPL chooses PKRU or PKRS"), register.replicate(2), forbidden)

    return {
        (hw.translator, "denied"): lenient,
        (hw.verdict, "denied"): lenient,
        (hw.verdict, "reserved"): forgiving,
        (hw.walker, "references_table"): referring,
        (hw.pdpte, "malformed_pdpte"): well_formed,
        (hw.control, "loads_pdptes"): loading,
        (hw.translator, "canonical"): narrow,
        (hw.permission, "denied_by_keys"): mistaken,
        (hw.translator, "denied_by_keys"): mistaken,
    }


def _changed(view: Any, shape: Any, **fields: Any) -> Any:
    """A view of ``shape`` with some of its fields otherwise."""
    return SimpleNamespace(**{name: getattr(view, name) for name in shape} | fields)
