"""Access rights and error codes, as sentences of the manual.

Ref: Intel SDM Vol. 3A, sections 4.6 "Access Rights", 4.6.2 "Protection Keys" and 4.7 "Page-Fault
Exceptions". Neither gateware nor golden model was consulted.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Value

from ..proof import Sentence, under


__all__ = ["access_rights", "combined_rights", "error_code", "key_permits"]


def access_rights(
    allowed: Value, *, write: Value, fetch: Value, user_mode: Value, implicit: Value,
    user_address: Value, writable: Value, execute_disable: Value,
    wp: Value, smep: Value, smap: Value, nxe: Value, ac: Value, by_key: Value | None = None,
) -> list[Sentence]:
    """Sentences about ``allowed``: the access may take place.

    ``user_address``, ``writable`` and ``execute_disable`` are those of :func:`combined_rights`;
    ``nxe`` is IA32_EFER.NXE, and 0 in 32-bit paging. ``by_key``: the key of the page does not
    permit the access. A processor without keys has None for it.
    """
    read, supervisor_mode, supervisor_address = ~write & ~fetch, ~user_mode, ~user_address

    def may(text: str, when: Any) -> Sentence:
        return Sentence("SDM 4.6.1", f"{text}: allowed", when, allowed)

    def may_not(text: str, when: Any) -> Sentence:
        return Sentence("SDM 4.6.1", f"{text}: not allowed", when, ~allowed)

    reads  = supervisor_mode & read
    writes = supervisor_mode & write
    trusts = ac & ~implicit
    supervisor_data = [
        may("supervisor-mode read of a supervisor-mode address",
            reads & supervisor_address),
        may("supervisor-mode read of a user-mode address, SMAP = 0",
            reads & user_address & ~smap),
        may("explicit supervisor-mode read of a user-mode address, SMAP = 1, AC = 1",
            reads & user_address & smap & trusts),
        may_not("supervisor-mode read of a user-mode address, SMAP = 1, AC = 0 or implicit",
                reads & user_address & smap & ~trusts),

        may("supervisor-mode write to a supervisor-mode address, WP = 0",
            writes & supervisor_address & ~wp),
        may("supervisor-mode write to a supervisor-mode address, WP = 1, every R/W = 1",
            writes & supervisor_address & wp & writable),
        may_not("supervisor-mode write to a supervisor-mode address, WP = 1, some R/W = 0",
                writes & supervisor_address & wp & ~writable),

        may("supervisor-mode write to a user-mode address, WP = 0, SMAP = 0",
            writes & user_address & ~wp & ~smap),
        may("explicit supervisor-mode write to a user-mode address, WP = 0, SMAP = 1, AC = 1",
            writes & user_address & ~wp & smap & trusts),
        may_not("supervisor-mode write to a user-mode address, WP = 0, SMAP = 1, "
                "AC = 0 or implicit",
                writes & user_address & ~wp & smap & ~trusts),
        may("supervisor-mode write to a user-mode address, WP = 1, SMAP = 0, every R/W = 1",
            writes & user_address & wp & ~smap & writable),
        may_not("supervisor-mode write to a user-mode address, WP = 1, SMAP = 0, some R/W = 0",
                writes & user_address & wp & ~smap & ~writable),
        may("explicit supervisor-mode write to a user-mode address, WP = 1, SMAP = 1, AC = 1, "
            "every R/W = 1",
            writes & user_address & wp & smap & trusts & writable),
        may_not("explicit supervisor-mode write to a user-mode address, WP = 1, SMAP = 1, AC = 1, "
                "some R/W = 0",
                writes & user_address & wp & smap & trusts & ~writable),
        may_not("supervisor-mode write to a user-mode address, WP = 1, SMAP = 1, "
                "AC = 0 or implicit",
                writes & user_address & wp & smap & ~trusts),
    ]

    fetches = supervisor_mode & fetch
    supervisor_fetches = [
        may("supervisor-mode fetch from a supervisor-mode address, NXE = 0",
            fetches & supervisor_address & ~nxe),
        may("supervisor-mode fetch from a supervisor-mode address, NXE = 1, every XD = 0",
            fetches & supervisor_address & nxe & ~execute_disable),
        may_not("supervisor-mode fetch from a supervisor-mode address, NXE = 1, some XD = 1",
                fetches & supervisor_address & nxe & execute_disable),

        may("supervisor-mode fetch from a user-mode address, SMEP = 0, NXE = 0",
            fetches & user_address & ~smep & ~nxe),
        may("supervisor-mode fetch from a user-mode address, SMEP = 0, NXE = 1, every XD = 0",
            fetches & user_address & ~smep & nxe & ~execute_disable),
        may_not("supervisor-mode fetch from a user-mode address, SMEP = 0, NXE = 1, some XD = 1",
                fetches & user_address & ~smep & nxe & execute_disable),
        may_not("supervisor-mode fetch from a user-mode address, SMEP = 1",
                fetches & user_address & smep),
    ]

    user = [
        may("user-mode read of a user-mode address",
            user_mode & read & user_address),
        may_not("user-mode read of a supervisor-mode address",
                user_mode & read & supervisor_address),

        may("user-mode write to a user-mode address, every R/W = 1",
            user_mode & write & user_address & writable),
        may_not("user-mode write to a user-mode address, some R/W = 0",
                user_mode & write & user_address & ~writable),
        may_not("user-mode write to a supervisor-mode address",
                user_mode & write & supervisor_address),

        may("user-mode fetch from a user-mode address, NXE = 0",
            user_mode & fetch & user_address & ~nxe),
        may("user-mode fetch from a user-mode address, NXE = 1, every XD = 0",
            user_mode & fetch & user_address & nxe & ~execute_disable),
        may_not("user-mode fetch from a user-mode address, NXE = 1, some XD = 1",
                user_mode & fetch & user_address & nxe & execute_disable),
        may_not("user-mode fetch from a supervisor-mode address",
                user_mode & fetch & supervisor_address),
    ]
    rights = supervisor_data + supervisor_fetches + user
    if by_key is None:
        return rights
    return [
        may_not("an access that the key of the page does not permit", by_key),
        *under(~by_key, rights),
    ]


def key_permits(
    permitted: Value, *, write: Value, fetch: Value, user_mode: Value, user_address: Value,
    wp: Value, pke: Value, pks: Value, pkru: Value, pkrs: Value, key: Value,
) -> list[Sentence]:
    """Sentences about ``permitted``: the ``key`` of a page permits the access.

    They do not say what IA32_PKRS does to a user-mode access, which no supervisor-mode address
    allows.
    """
    def says(text: str, when: Any, then: Any) -> Sentence:
        return Sentence("SDM 4.6.2", text, when, then)

    sentences = [says("a fetch: permitted", fetch, permitted)]
    for name, register, enable, flag, here in (
        ("user-mode address, PKE", "PKRU", pke, pkru, user_address),
        ("supervisor-mode address, PKS", "IA32_PKRS", pks, pkrs, ~user_address),
    ):
        access_disable = Cat(flag[2 * number] for number in range(16)).bit_select(key, 1)
        write_disable  = Cat(flag[2 * number + 1] for number in range(16)).bit_select(key, 1)
        data, on = here & ~fetch, f"{name} = 1, {register}"
        judged   = data & enable & ~access_disable
        sentences += [
            says(f"{name} = 0: permitted", data & ~enable, permitted),
            says(f"{on}.AD = 1: not permitted", data & enable & access_disable, ~permitted),
            says(f"read, {on}.AD = 0: permitted", judged & ~write, permitted),
            says(f"write, {on}.AD = 0, WD = 0: permitted", judged & write & ~write_disable,
                 permitted),
            says(f"supervisor-mode write, {on}.AD = 0, WD = 1, WP = 1: not permitted",
                 judged & write & write_disable & ~user_mode & wp, ~permitted),
            says(f"supervisor-mode write, {on}.AD = 0, WD = 1, WP = 0: permitted",
                 judged & write & write_disable & ~user_mode & ~wp, permitted),
        ]
    sentences.append(says(
        "user-mode write, user-mode address, PKE = 1, PKRU.AD = 0, WD = 1: not permitted",
        write & user_mode & user_address & pke
        & Cat(pkru[2 * number + 1] for number in range(16)).bit_select(key, 1), ~permitted))
    return sentences


def combined_rights(
    *, user_address: Value, writable: Value, execute_disable: Value, entries: list[Value],
) -> list[Sentence]:
    """Sentences about the rights that a translation's ``entries``, of 64 bits, grant together."""
    def every(bit: Any) -> Any:
        return Cat(entry[bit] for entry in entries).all()

    def some(bit: Any) -> Any:
        return Cat(entry[bit] for entry in entries).any()

    return [
        Sentence("SDM 4.6", "an address is a supervisor-mode address if U/S = 0 in some entry, "
                 "else a user-mode address", Const(1), user_address == every(2)),
        Sentence("SDM 4.6.1", "R/W counts as 1 if it is in every entry", Const(1),
                 writable == every(1)),
        Sentence("SDM 4.6.1", "XD counts as 1 if it is in some entry", Const(1),
                 execute_disable == some(63)),
    ]


def error_code(
    code: Value, *, write: Value, fetch: Value, user_mode: Value, not_present: Value,
    reserved_bit: Value, smep: Value, nxe: Value, by_key: Value | None = None,
) -> list[Sentence]:
    """Sentences about the bits of an error code. ``nxe`` is NXE, and 0 while CR4.PAE = 0.

    ``by_key``: the key of the page does not permit the access; None without protection keys.
    """
    def flag(bit: Any, text: str, value: Any) -> Any:
        return Sentence("SDM 4.7", text, Const(1), code[bit] == value)

    return [
        flag(0, "P is 0 if P was 0 in an entry, else 1", ~not_present),
        flag(1, "W/R is 1 if the access was a write, else 0", write),
        flag(2, "U/S is 1 if a user-mode access caused the fault, else 0", user_mode),
        flag(3, "RSVD is 1 if a reserved bit was set in an entry, else 0", reserved_bit),
        flag(4, "I/D is 1 if the access was a fetch and SMEP = 1, or PAE = 1 and NXE = 1; else 0",
             fetch & (smep | nxe)),
        flag(5, "PK is 0 without protection keys", 0) if by_key is None else
        flag(5, "PK is 1 if there is a page, and its key did not permit the access; else 0",
             by_key & ~not_present & ~reserved_bit),
    ]
