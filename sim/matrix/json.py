"""The matrix as one JSON document."""

import json
from dataclasses import asdict

from .play import Matrix
from .ways import WAYS


__all__ = ["SCHEMA", "as_json"]


#: Version of the JSON. It changes when a key goes or gets another meaning.
SCHEMA = 1


def as_json(matrix: Matrix) -> str:
    """The cells column by column, with what the names of rows and columns mean."""
    return json.dumps({
        "schema":  SCHEMA,
        "mode":    matrix.mode,
        "engine":  matrix.engine,
        "ways":    {way.name: way.meaning for way in WAYS},
        "columns": {column.name: column.meaning for column in matrix.columns},
        "cells":   [{"column": column} | asdict(cell)
                    for (_, column), cell in matrix.cells.items()],
    }, indent=2) + "\n"
