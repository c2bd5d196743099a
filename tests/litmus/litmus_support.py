"""Litmus tests in a few words, and all schedules of one, without any reduction."""

from sim.litmus.parser import parse


def two(start, first, second, condition=""):
    """A test of two processors: what is in memory at first, and programs with ; between."""
    columns = [[cell.strip() for cell in program.split(";") if cell.strip()]
               for program in (first, second)]
    length  = max(map(len, columns))
    rows    = zip(*(column + [""] * (length - len(column)) for column in columns), strict=True)
    lines   = "\n".join(" | ".join(row) + " ;" for row in [("P0", "P1"), *rows])
    return parse(f"X86 test\n{{ {start} }}\n{lines}\n{condition}\n")


def every_schedule(play):
    """Yield a run for each order of all steps; ``play`` takes steps of a schedule."""
    seen, waiting = set(), [()]
    while waiting:
        found = play(waiting.pop())
        order = tuple(step.cpu for step in found.steps)
        if order in seen:
            continue
        seen.add(order)
        yield found
        for place, step in enumerate(found.steps):
            for other in {later.cpu for later in found.steps[place:]} - {step.cpu}:
                if _can_come(found.steps, place, other):
                    prefix = found.steps[:place]
                    mine   = next(s for s in found.steps[place:] if s.cpu == other)
                    if tuple(s.cpu for s in (*prefix, mine)) not in seen:
                        seen.add(tuple(s.cpu for s in (*prefix, mine)))
                        waiting.append((*prefix, mine))


def _can_come(steps, place, cpu):
    mine = next(step for step in steps[place:] if step.cpu == cpu)
    return mine.takes is None or any(step.sends == cpu for step in steps[:place])
