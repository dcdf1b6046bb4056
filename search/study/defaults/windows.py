"""Chooses window sizes that reach over one and two seasons of a series."""

_LONGEST = 336  # steps: two weeks of hours; longer windows are slow
_WEEKS = {"D": 7, "B": 5}  # steps, by frequency; these series have a week even if none is given
_UNSEASONAL = [10, 20, 40, 80]


def window_choices(frequency: str, seasons: tuple[int, ...], room: int) -> list[int]:
    """Returns window sizes to search, in rising order.

    Args:
        frequency: frequency of the series.
        seasons: seasons in steps.
        room: longest window that leaves enough windows to train on, at least 1.
    """
    fitting = [size for size in _usual(_short(frequency, seasons)) if size <= room]
    return fitting or sorted({max(1, room // 2), room})


def window_size(frequency: str, seasons: tuple[int, ...], room: int) -> int:
    """Returns the window size of a study that does not search it; arguments as above."""
    choices = window_choices(frequency, seasons, room)
    short = min(_short(frequency, seasons), default=1)
    return choices[min(1 if 8 <= short <= 31 else 2, len(choices) - 1)]


def reaching_window(frequency: str, seasons: tuple[int, ...], trained: int) -> int:
    """Returns the window size of a good guess: the longest of several seasons, or a usual one.

    Args:
        frequency: frequency of the series.
        seasons: seasons in steps.
        trained: steps of the shortest training part; a window has at most a third of them, because
            a linear map of a longer one would have too many coefficients.
    """
    short, room = _short(frequency, seasons), max(1, trained // 3)
    if len(short) > 1 and short[-1] <= room:
        return short[-1]
    return window_size(frequency, seasons, room)


def _short(frequency: str, seasons: tuple[int, ...]) -> list[int]:
    """Returns the seasons that a window can reach over, in rising order."""
    week = [_WEEKS[frequency]] if frequency in _WEEKS else []
    return sorted({season for season in (*seasons, *week) if season <= _LONGEST})


def _usual(seasons: list[int]) -> list[int]:
    if not seasons:
        return _UNSEASONAL
    short, longer = seasons[0], seasons[1:]
    if short == 1:
        return [3, 5, 10]
    if short < 8:
        return [short, 2 * short, 4 * short, 8 * short]
    if short > 31:
        sizes = [short // 4, short // 2, short, 2 * short]
    else:
        sizes = [short, 2 * short, *([] if longer else [3 * short])]
    sizes += [size for season in longer for size in (season, 2 * season)]
    return sorted({size for size in sizes if size <= _LONGEST})
