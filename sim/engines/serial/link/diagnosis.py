"""Diagnosis of a line on which no board responds, in words."""

import string


__all__ = ["no_response", "no_board", "too_bad"]


_TEXT = frozenset(string.printable.encode())

_REMEDY = "try another cable, adapter or port"

#: Bytes of text that are quoted, at most.
_QUOTED = 30


def no_board(heard: bytes, *, echoed: int, seconds: float) -> str:
    """Name what is at a port instead of a board.

    ``heard`` is what came there, and ``echoed`` how many requests came back.
    """
    if echoed:
        found = ("the port echoes what is sent to it, and no board answers: it may be a loopback "
                 "plug, or an adapter that hears itself, with nothing behind it")
    elif _is_text(heard):
        last  = " ".join(heard.decode("ascii", "ignore").strip().split("\n")[-1].split())
        found = (f"what comes from the port is text ({last[-_QUOTED:]!r}), and no board answers: "
                 "it may be a login, or another device")
    elif heard:
        found = f"what comes from the port is noise, and no board answers in {seconds:.1f} s"
    else:
        found = f"no response from the board in {seconds:.1f} s"
    return f"{found}; is the board programmed (dragoncage program), and is this its port?"


def no_response(*, broken: int, sent: int, seconds: float) -> str:
    """Say that a board which has responded before does not any more.

    ``broken`` counts frames that came since, and ``sent`` those that were sent.
    """
    if broken:
        return (f"the line is too bad: in {seconds:.1f} s {broken} frames from the board came "
                f"broken, and none that helps; {_REMEDY}")
    return (f"no response from the board in {seconds:.1f} s, to {sent} frames: has it lost its "
            "power, or its bitstream, or is the line too bad?")


def too_bad(*, broken: int, whole: int) -> str:
    """Say that too few frames get through. The counts are of those from the board."""
    return (f"the line is too bad: of {broken + whole} frames from the board {broken} came broken, "
            f"and others were lost; {_REMEDY}")


def _is_text(data: bytes) -> bool:
    """True if most of it can be read. Of noise, three bytes in eight can."""
    return len(data) >= 4 and 5 * sum(byte in _TEXT for byte in data) > 3 * len(data)
