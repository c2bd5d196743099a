"""The guest, which cocotb runs in the simulator: it calls a function for :mod:`.cocotb.host`."""

import os
import pickle
import signal
import traceback
import warnings
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import cocotb
from amaranth.hdl import UnusedElaboratable
from cocotb.task import bridge

from .engine import CocotbEngine
from .host import CHANNEL


__all__ = ["call"]


@cocotb.test()
async def call(dut: Any) -> None:
    """Call the function, with an engine that has the module ``dut``."""
    # Who has gone away is noticed by an exception.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # The simulator has the design; here it only says where things are.
    warnings.simplefilter("ignore", UnusedElaboratable)
    CocotbEngine.dut = dut
    with Connection(int(os.environ[CHANNEL])) as connection:
        response: tuple[str, Any]
        try:
            function, arguments, told = connection.recv()
            tell     = {name: partial(_tell, connection, name) for name in told}
            response = "returned", await bridge(function)(**arguments, **tell)
        except Exception as error:
            response = "raised", (_portable(error), traceback.format_exc())
        with suppress(ConnectionError):
            connection.send(response)


def _tell(connection: Connection, name: str, *content: Any) -> None:
    connection.send((name, content))


def _portable(error: Exception) -> Exception:
    """``error``, if it can be pickled, else one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
