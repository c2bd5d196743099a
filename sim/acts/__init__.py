"""The acts of the article, one module each: what is done, and what it claims.

Ref: "To Cage a Dragon: An obscure quirk of /proc", offlinemark.

Each has ``async def play(stage, cast)``. An act leaves the memory of the cast as the next one
expects it: what it needs beyond that it makes itself.
"""
