# SPDX-License-Identifier: MIT
"""A test digit as one stroke of a pen: the ink made thin (T. Y. Zhang, C. Y. Suen, A fast parallel
algorithm for thinning digital patterns, 1984), and a walk along what is left."""

AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def neighbours(ink, at):
    return [(at[0] + y, at[1] + x) in ink for y, x in AROUND]


def goes(ink, at, first):
    """Whether the pixel may go in the first or the second half of a step."""
    p = neighbours(ink, at)
    turns = sum(not a and b for a, b in zip(p, p[1:] + p[:1]))
    north, east, south, west = p[::2]
    kept = (north and east and south) or (east and south and west) if first else (
        (north and east and west) or (north and south and west))
    return 2 <= sum(p) <= 6 and turns == 1 and not kept


def thin(ink):
    before = None
    while before != ink:
        before = set(ink)
        for first in (True, False):
            ink -= {at for at in ink if goes(ink, at, first)}
    return ink


def stroke_of(image):
    """Points in shares of the pad, of the largest piece of the digit; the walk goes back where it
    must, over ink that is there already."""
    ink = thin({(y, x) for y in range(1, 27) for x in range(1, 27) if image[y, x] > 110})
    best = []
    while ink:
        walk, path = [], [max(ink, key=lambda at: 8 - sum(neighbours(ink, at)))]
        ink.remove(path[0])
        walk.append(path[0])
        while path:
            step = next(((path[-1][0] + y, path[-1][1] + x) for y, x in AROUND
                         if (path[-1][0] + y, path[-1][1] + x) in ink), None)
            if step:
                ink.remove(step)
                path.append(step)
            else:
                path.pop()
            if path:
                walk.append(path[-1])
        best = max(best, walk, key=lambda one: len(set(one)))
    return [((x + 0.5) / 28, (y + 0.5) / 28) for y, x in best]
