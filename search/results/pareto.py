"""Computes the Pareto front of several objectives."""

from collections.abc import Sequence


def pareto_front(values: Sequence[tuple[float, ...]]) -> list[bool]:
    """Returns, for each value, whether no other is as low in all objectives and lower in one."""

    def beats(left: tuple[float, ...], right: tuple[float, ...]) -> bool:
        pairs = list(zip(left, right, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    # In this order no value is beaten by a later one, so only the front so far is compared.
    front: dict[tuple[float, ...], None] = {}
    for value in sorted(set(values)):
        if not any(beats(other, value) for other in front):
            front[value] = None
    return [value in front for value in values]
