"""What is known of a person's project. Built anew from the whole conversation at each reply; plain data and its surfaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from app.llm.providers.local.choices import CHOICES, PACKAGES, Choice
from app.llm.providers.local.rooms import HOME
from app.llm.providers.local.works import ORDER, WORKS, Basis, Work

GENERAL = "general"
"""The key of a floor surface given for the whole project."""
WALL_RATIO = Decimal("2.5")
"""Wall surface for one m² of floor, when nobody measured the walls (PRODUCT.md, the journey)."""
PARTITION_HEIGHT = Decimal("2.5")
"""m, of a partition of which only the length was said."""
_AS_LONG_AS_THE_FURNITURE = ("plan_travail", "credence")


def trade_of(key: str) -> str:
    """The trade of a work or of a choice."""
    return WORKS[key].trade if key in WORKS else CHOICES[key].trade


def _works_of(target: str) -> tuple[str, ...]:
    """The works an option leads to."""
    return (target,) if target in WORKS else CHOICES[target].targets


@dataclass(slots=True)
class Room:
    """Rooms of one kind: how many, their floor surface in m² all together, their walls when the height was given."""

    count: int = 1
    area: Decimal | None = None
    walls: Decimal | None = None


@dataclass(slots=True)
class Request:
    """The project so far. Keys are those of works, choices and rooms; surfaces in m², lengths in m.

    `areas` holds surfaces by work, by part of a building (« mur », « toit ») or GENERAL. `unknown` holds the needs the person
    cannot answer, for which something usual is assumed. `scopes` tells in which rooms a work takes place; no entry: in all.
    """

    packages: dict[str, None] = field(default_factory=dict)
    works: dict[str, None] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    choices: dict[str, None] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    rooms: dict[str, Room] = field(default_factory=dict)
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    areas: dict[str, Decimal] = field(default_factory=dict)
    lengths: dict[str, Decimal] = field(default_factory=dict)
    counts: dict[str, Decimal] = field(default_factory=dict)
    plural: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    photos: int = 0
    heard: dict[str, None] = field(default_factory=dict)
    """Works and choices in the order they came up."""

    def want(self, key: str) -> None:
        """Add a work, with what it never goes without."""
        self.works[key] = None
        self.heard[key] = None
        self.refused.discard(key)
        for brought in WORKS[key].brings:
            if brought not in self.refused:
                self.works[brought] = None

    def open(self, choice: str) -> None:
        """A choice that the project raises."""
        self.choices[choice] = None
        self.settled.discard(choice)
        self.heard[choice] = None

    def refuse(self, key: str) -> None:
        """Take a work out, with what only it had brought; a choice it had decided is not asked again."""
        if key in self.works:
            del self.works[key]
            self.settled.update(choice.key for choice in CHOICES.values() if key in choice.targets)
        self.refused.add(key)
        for brought in WORKS[key].brings:
            if not any(brought in WORKS[other].brings for other in self.works) and not self._in_package(brought):
                self.works.pop(brought, None)

    def add_package(self, key: str) -> None:
        """A whole room to redo: its usual works, its choices."""
        package = PACKAGES[key]
        self.packages[key] = None
        self.rooms.setdefault(package.room, Room())
        for work in package.works:
            if work not in self.refused:
                self.want(work)
        for choice in package.choices:
            self.open(choice)

    def drop_package(self, key: str) -> None:
        """The whole room is no longer wanted."""
        if key not in self.packages:
            return
        del self.packages[key]
        self.rooms.pop(PACKAGES[key].room, None)
        for choice in PACKAGES[key].choices:
            self.choices.pop(choice, None)
        for work in [work for work in self.works if WORKS[work].trade == key or work in PACKAGES[key].absorbs]:
            del self.works[work]

    def _in_package(self, work: str) -> bool:
        return any(work in PACKAGES[key].works for key in self.packages)

    def resolved(self, choice: Choice) -> bool:
        """Nothing is left to ask about it."""
        if choice.key in self.settled or choice.closed_by in self.choices or self.absorbing(choice.key, asked=True):
            return True
        if all(target in self.refused for target in choice.targets):
            return True
        return any(target in self.choices or not self.works.keys().isdisjoint(_works_of(target)) for target in choice.targets)

    def open_choices(self) -> list[Choice]:
        """The choices still to be made, in the order they came up."""
        return [CHOICES[key] for key in self.choices if not self.resolved(CHOICES[key])]

    def absorbing(self, key: str, *, asked: bool = False) -> str:
        """The package that takes this work or choice in; empty when none does.

        A choice that the package itself asks about is never absorbed away (`asked`).
        """
        for package in self.packages:
            scope = self.scopes.get(key)
            if key in PACKAGES[package].absorbs and (scope is None or PACKAGES[package].room in scope):
                return "" if asked and key in PACKAGES[package].choices else package
        return ""

    def trades(self) -> list[str]:
        """The trades at work, packages first, then in the order they came up."""
        live = [*self.works, *(choice.key for choice in self.open_choices())]
        trades = {trade_of(key) for key in live if not self.absorbing(key)}
        return list(dict.fromkeys([*self.packages, *(trade_of(key) for key in self.heard if trade_of(key) in trades)]))

    def ordered_works(self) -> list[Work]:
        """The wanted works in the order of a pre-quote."""
        return [WORKS[key] for key in sorted(self.works, key=ORDER.__getitem__)]

    def scope(self, key: str) -> tuple[str, ...]:
        """The rooms where a work or a choice takes place: its own, its package's, else all (the home only when alone)."""
        if key in self.scopes:
            rooms = tuple(room for room in self.scopes[key] if room in self.rooms)
            if rooms:
                return rooms
        package = self.absorbing(key) or trade_of(key)
        if package in self.packages or (package in PACKAGES and package in self.rooms):
            return (PACKAGES[package].room,)
        return tuple(room for room in self.rooms if room != HOME) or tuple(self.rooms)

    def floor(self, key: str) -> Decimal | None:
        """m² of floor under a work; None as long as one of its rooms is not measured."""
        rooms = [self.rooms[room] for room in self.scope(key)]
        if rooms and all(room.area is not None for room in rooms):
            return sum((room.area for room in rooms if room.area is not None), Decimal(0))
        if GENERAL in self.areas:
            return self.areas[GENERAL]
        if any(room.area is not None for room in rooms):
            return None
        return max((area for work, area in self.areas.items() if work in WORKS and WORKS[work].basis is Basis.FLOOR), default=None)

    def area(self, work: Work) -> Decimal | None:
        """m² of a work measured by surface, given or derived from the floor; None when it must be asked."""
        given = self.given_area(work)
        if given is not None or work.basis is Basis.OWN:
            return given
        floor = self.floor(work.key)
        if work.basis is not Basis.WALL or floor is None:
            return floor
        return self.measured_walls(work) or floor * WALL_RATIO

    def given_area(self, work: Work) -> Decimal | None:
        """m² said for this very work, or for the part of the building that it covers."""
        if work.key in self.areas:
            return self.areas[work.key]
        if work.plane != "sol" and work.plane in self.areas:
            return self.areas[work.plane]
        if work.basis is Basis.OWN and work.key in self.lengths:
            return self.lengths[work.key] * PARTITION_HEIGHT
        return self.areas.get(GENERAL) if work.basis is Basis.OWN and not self.rooms else None

    def measured_walls(self, work: Work) -> Decimal | None:
        """m² of walls of the rooms of a work, when the height of each was given."""
        walls = [self.rooms[room].walls for room in self.scope(work.key)]
        return sum((wall for wall in walls if wall is not None), Decimal(0)) if walls and None not in walls else None

    def length(self, work: Work) -> Decimal | None:
        """Metres of a work; a worktop is as long as the furniture under it, when only that was said."""
        key = "meubles_cuisine" if work.key in _AS_LONG_AS_THE_FURNITURE and work.key not in self.lengths else work.key
        return self.lengths.get(key)

    def count(self, work: Work) -> Decimal | None:
        """How many of a work; None when several were named without a number."""
        keys = (work.key, *(key for key in self.choices if work.key in CHOICES[key].targets))
        for key in keys:
            if key in self.counts:
                return self.counts[key]
        rooms = self.rooms_redone(work)
        return None if rooms == 1 and any(key in self.plural for key in keys) else Decimal(rooms)

    def rooms_redone(self, work: Work) -> int:
        """In how many rooms to redo a work comes again: two bathrooms are two showers, and their plumbing twice."""
        package = PACKAGES.get(work.trade) if work.trade in self.packages else None
        return self.rooms[package.room].count if package and package.room in self.rooms else 1

    def main_surface(self) -> Decimal | None:
        """The one surface, in m², that describes the project: its floor, else the only surface given; None when there is none."""
        rooms = [room for kind, room in self.rooms.items() if kind != HOME] or list(self.rooms.values())
        measured = [room.area for room in rooms if room.area is not None]
        if GENERAL in self.areas:
            return self.areas[GENERAL]
        if measured:
            return sum(measured, Decimal(0))
        return next(iter(self.areas.values())) if len(self.areas) == 1 else None
