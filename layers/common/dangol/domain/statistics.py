"""The few tests a report needs: two shares, two means, a sample ratio."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
# Eighty percent power is the common choice for the smallest effect worth looking for.
_Z_POWER: Final = _NORMAL.inv_cdf(0.8)
_TINY: Final = 1e-15


@dataclass(frozen=True, slots=True)
class Sums:
    """A figure over the people of one arm: how many people, its sum, its sum of squares per person."""

    people: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The figure per person."""
        return self.total / self.people if self.people else 0.0

    @property
    def variance_of_mean(self) -> float:
        """The squared standard error of the mean."""
        if self.people < 2:  # noqa: PLR2004 - one person has no spread
            return 0.0
        spread = max(0.0, self.squares - self.people * self.mean**2) / (self.people - 1)
        return spread / self.people

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.people + other.people, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated minus held out: `relative` is None where the holdout has nothing to compare with."""

    absolute: float
    relative: float | None
    z: float | None
    p: float | None
    low: float
    high: float


def shares(hits: int, people: int, base_hits: int, base_people: int) -> Difference | None:
    """Compare two shares; z and p with the pooled variance, the 95% interval with the unpooled."""
    if not people or not base_people:
        return None
    ours, base = hits / people, base_hits / base_people
    pooled = (hits + base_hits) / (people + base_people)
    pooled_error = sqrt(_spread(pooled) * (1 / people + 1 / base_people))
    error = sqrt(_spread(ours) / people + _spread(base) / base_people)
    z = (ours - base) / pooled_error if pooled_error else None
    return _difference(ours - base, base, z, error)


def _spread(share: float) -> float:
    # Counters read while a run goes on may for a moment have more hits than people.
    return max(0.0, share * (1 - share))


def means(ours: Sums, base: Sums) -> Difference | None:
    """Compare two means per person with unequal variances."""
    if not ours.people or not base.people:
        return None
    error = sqrt(ours.variance_of_mean + base.variance_of_mean)
    absolute = ours.mean - base.mean
    return _difference(absolute, base.mean, absolute / error if error else None, error)


def _difference(absolute: float, base: float, z: float | None, error: float) -> Difference:
    return Difference(
        absolute=absolute,
        relative=absolute / base if base else None,
        z=z,
        p=None if z is None else erfc(abs(z) / sqrt(2)),
        low=absolute - _Z95 * error,
        high=absolute + _Z95 * error,
    )


def smallest_visible(base_share: float, people: int, base_people: int) -> float | None:
    """The difference in shares that groups of these sizes show four times in five, at 5% two-sided."""
    spread = _spread(base_share)
    # Where nobody or everybody did it, its spread is not known.
    if not people or not base_people or not spread:
        return None
    return (_Z95 + _Z_POWER) * sqrt(spread * (1 / people + 1 / base_people))


def visible_at_best(uplift: float, people: float, base_people: float) -> bool:
    """Whether an uplift can be shown four times in five, at 5% two-sided, where it shows best.

    That is where nobody of the base did it: any other base has more spread.
    """
    if not people or not base_people:
        return False
    pooled = uplift * people / (people + base_people)
    error = sqrt(_spread(pooled) * (1 / people + 1 / base_people))
    return uplift >= _Z95 * error + _Z_POWER * sqrt(_spread(uplift) / people)


def sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> tuple[float, float] | None:
    """Pearson's chi-square of the arms' sizes against their weights, and its p; None for fewer than two arms."""
    pairs = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight > 0]
    total, weight_sum = sum(c for c, _ in pairs), sum(w for _, w in pairs)
    if len(pairs) < 2 or not total:  # noqa: PLR2004 - one arm has no ratio
        return None
    expected = [total * weight / weight_sum for _, weight in pairs]
    chi2 = sum((count - e) ** 2 / e for (count, _), e in zip(pairs, expected, strict=True))
    return chi2, chi_square_tail(chi2, len(pairs) - 1)


def chi_square_tail(chi2: float, freedom: int) -> float:
    """P(X >= chi2) with `freedom` degrees: the upper regularised gamma function Q(freedom / 2, chi2 / 2).

    Series and continued fraction as in Numerical Recipes, 6.2.
    """
    a, x = freedom / 2, chi2 / 2
    if x <= 0:
        return 1.0
    scale = exp(-x + a * log(x) - lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    while abs(term) > abs(total) * _TINY:
        a += 1
        term *= x / a
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    h, i, step = d, 0, 0.0
    while abs(step - 1) > _TINY:
        i += 1
        weight = -i * (i - a)
        b += 2
        d = 1 / (weight * d + b)
        c = b + weight / c
        step = d * c
        h *= step
    return h
