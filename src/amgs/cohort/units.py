"""What is compared: animals, or the means of cages where cages were treated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from amgs.cohort.clusters import cage_means, nested_in_cages, some_of, without_cage
from amgs.cohort.differences import Change

Facts = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Units:
    """The experimental units of a comparison.

    Parameters
    ----------
    kind
        ``animal`` or ``cage``.
    changes
        One per unit; of a cage the means of its animals.
    members
        Unit → its animals.
    covariates
        Name → unit → level, of those that were planned and that tell units apart.
    left_out
        Planned covariates whose level differs within cages.
    """

    kind: Literal["animal", "cage"]
    changes: Sequence[Change]
    members: Mapping[str, Sequence[str]]
    covariates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    def levels(self, of: Mapping[str, str]) -> dict[str, str] | None:
        """Return unit → level from animal → level; ``None`` where one unit has several."""
        found = {}
        for unit, animals in self.members.items():
            there = {of.get(animal, "") for animal in animals}
            if len(there) > 1:
                return None
            found[unit] = there.pop()
        return found


def experimental_units(
    changes: Sequence[Change],
    clusters: Mapping[str, str],
    covariates: Sequence[str] = (),
    facts: Facts | None = None,
) -> Units:
    """Say what is compared, with the covariates of it.

    If every cage holds animals of one group only, the treatment may have been given by cage, and
    the cages' means are compared: animals of a cage are not independent. Where a group has one cage
    only, that is not possible, and animals are compared.

    Parameters
    ----------
    changes
        One per animal.
    clusters
        Animal → cage, where known.
    covariates, facts
        The planned ones, and column → animal → text.

    Raises
    ------
    ArithmeticError
        If cages are the units, and that of some animals is not known.
    """
    units = Units("animal", changes, {c.animal: [c.animal] for c in changes})
    if nested_in_cages(changes, clusters):
        by_cage = cage_means([c for c in changes if c.animal in clusters], clusters)
        cages_of_group = {c.group: 0 for c in changes}
        for cage in by_cage:
            cages_of_group[cage.group] += 1
        if min(cages_of_group.values()) > 1:
            unknown = without_cage((c.animal for c in changes), clusters)
            if unknown:
                msg = (
                    "every cage holds animals of one group only, so that cages have to be "
                    f"compared, and the cage of {some_of(unknown)} is not known"
                )
                raise ArithmeticError(msg)
            members: dict[str, list[str]] = {}
            for change in changes:
                members.setdefault(clusters[change.animal], []).append(change.animal)
            units = Units("cage", by_cage, members)
    known = {name: units.levels((facts or {})[name]) for name in covariates}
    return Units(
        units.kind,
        units.changes,
        units.members,
        {name: levels for name, levels in known.items() if levels is not None},
        [name for name, levels in known.items() if levels is None],
    )
