"""The words that scenarios are told in: given a county, when something happens, then so it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from geo.datum import Datum, from_cgcs2000
from geo.position import Position
from grids import incidents, locate, plans, publications, publishing, supervisions
from grids.assign import responsible
from grids.incidents import Card, Given, IncidentReport, Reporter
from grids.model import Assignment, Role, Unit, Viewer
from tests.factories import COUNTY, VILLAGE, Make

MORNING = datetime(2026, 11, 22, 1, tzinfo=UTC)  # nine o'clock in China
LAMP = "0201"


class Story:
    """A county and what happens in it; the clock goes on only when the story says so."""

    def __init__(self, conn: Connection, make: Make) -> None:
        self.conn, self.make, self.now = conn, make, MORNING
        self.grids: dict[str, Unit] = {}

    # Given ------------------------------------------------------------------------------------

    def given_a_village_of_grids(self, *names: str) -> None:
        """Put grids in force, from west to east, each of two sub-groups."""
        self.make.matter(LAMP, limit_hours=24)
        made = self.make.grids(1, len(names), subgroups=2)
        self.grids = dict(zip(names, made, strict=True))
        for name, grid in self.grids.items():
            self.conn.execute(
                text("UPDATE unit SET name = :name WHERE code = :code"),
                {"name": name, "code": grid.code},
            )

    def given_a_worker(self, name: str, grid: str, rank: str = "primary") -> Viewer:
        person = self.make.duty(self.grids[grid].code, rank, name=name)
        return Viewer(person, name, Role.WORKER, VILLAGE)

    def given_a_desk(self, name: str, unit_code: str = VILLAGE) -> Viewer:
        person = self.make.duty(unit_code, "desk", name=name)
        return Viewer(person, name, Role.DISPATCHER, unit_code)

    def given_a_dispatcher(self, name: str) -> Viewer:
        return Viewer(self.make.person(name), name, Role.DISPATCHER, COUNTY)

    def given_a_grid_administrator(self, name: str) -> Viewer:
        return Viewer(self.make.person(name), name, Role.GRID_ADMIN, COUNTY)

    def place(self, grid: str, east: float, north: float) -> Position:
        """Return the position at these shares of a grid's width and height."""
        return self.make.at(self.grids[grid], east, north)

    def metres_west_of_the_eastern_border(self, grid: str, metres: float) -> Position:
        corner = self.place(grid, 1, 0.5)
        east_m, _ = locate.metres_of_a_degree(corner.lat)
        return Position(corner.lon - metres / east_m, corner.lat)

    # When -------------------------------------------------------------------------------------

    def when_time_passes(self, **passed: float) -> None:
        self.now += timedelta(**passed)

    def when_reported(
        self,
        summary: str,
        at: Position,
        by: Viewer,
        *,
        datum: Datum = Datum.CGCS2000,
        accuracy_m: float | None = None,
        caller: str | None = None,
    ) -> UUID:
        """Somebody sends a report, in the coordinates of their own map."""
        x, y = from_cgcs2000(at, datum)
        report = IncidentReport(
            "热线",
            str(uuid4()),
            LAMP,
            summary,
            x=x,
            y=y,
            datum=datum.value,
            accuracy_m=accuracy_m,
            reporter=Reporter(caller) if caller else None,
        )
        receipt, _ = incidents.receive(self.conn, by, report, self.now)
        return receipt.incident_id

    def when_done(
        self, who: Viewer, action: str, incident: UUID, note: str = "", **given: Any
    ) -> None:
        """Somebody does an action, giving what it needs besides a note."""
        version = self.card(incident, who).incident.version
        incidents.step(
            self.conn,
            who,
            incident,
            action,
            version=version,
            now=self.now,
            note=note,
            given=Given(**given),
        )

    def when_supervised(self, who: Viewer, incident: UUID, kind: str, note: str) -> UUID:
        sheet = supervisions.issue(self.conn, who, incident, kind, note, self.now)
        return sheet.supervision_id

    def when_sheet_answered(self, who: Viewer, sheet: UUID, note: str) -> None:
        supervisions.answer(self.conn, who, sheet, note, self.now)

    def when_struck_off(self, who: Viewer, sheet: UUID, note: str) -> None:
        supervisions.strike_off(self.conn, who, sheet, note, self.now)

    def when_given_by_hand(self, who: Viewer, incident: UUID, to: Viewer, reason: str) -> None:
        version = self.card(incident, who).incident.version
        incidents.reassign(
            self.conn,
            who,
            incident,
            reason=reason,
            version=version,
            now=self.now,
            person_id=to.person_id,
        )

    def when_on_leave(self, who: Viewer, days: float) -> None:
        self.make.leave(who.person_id, self.now, self.now + timedelta(days=days))

    def when_border_moves(
        self, who: Viewer, *, land_of: str, to: str, title: str
    ) -> publications.Publication:
        """Give the eastern half of a grid to another grid and publish."""
        cells = publications.cells_in_force(self.conn, self.grids[land_of].code)
        eastern = max(range(len(cells)), key=lambda k: cells.outline[k].centroid.x)
        plan = plans.create(self.conn, who, title)
        plans.assign_cells(
            self.conn, who, plan.plan_id, [int(cells.cell_id[eastern])], self.grids[to].code
        )
        return publishing.publish(self.conn, who, plan.plan_id, title)

    # Then -------------------------------------------------------------------------------------

    def card(self, incident: UUID, who: Viewer) -> Card:
        return incidents.get(self.conn, who, incident, self.now)

    def then_owned_by(self, incident: UUID, who: Viewer, *, reason: str = "on_duty") -> None:
        card = self.card(incident, Viewer(None, "县", Role.DISPATCHER, COUNTY))
        assert (card.incident.owner.name, card.reason) == (who.name, reason)

    def then_lies_in(self, incident: UUID, grid: str) -> None:
        card = self.card(incident, Viewer(None, "县", Role.DISPATCHER, COUNTY))
        assert card.incident.grid_name == grid

    def then_can(self, who: Viewer, incident: UUID, *actions: str) -> None:
        assert set(self.card(incident, who).allowed) == set(actions)

    def then_handled_by(self, incident: UUID, who: Viewer, level: str) -> None:
        card = self.card(incident, Viewer(None, "县", Role.DISPATCHER, COUNTY))
        owner = card.incident.owner
        assert (owner.name, card.incident.handling_level) == (who.name, level)

    def then_tried(self, incident: UUID, **done: int) -> None:
        """Each level has tried so often in vain."""
        card = self.card(incident, Viewer(None, "县", Role.DISPATCHER, COUNTY))
        assert {one.level: one.done for one in card.attempts if one.done} == done

    def then_is(self, incident: UUID, colour: str, *rules: str) -> None:
        """An incident has a colour, because of these rules."""
        card = self.card(incident, Viewer(None, "县", Role.DISPATCHER, COUNTY))
        assert (card.incident.colour, [one.rule for one in card.colour_rules]) == (
            colour,
            list(rules),
        )

    def then_refused(self, refusal: type[Exception], deed, *args, **given) -> None:
        with pytest.raises(refusal), self.conn.begin_nested():
            deed(*args, **given)

    def then_told(self, who: Viewer, *kinds: str) -> None:
        """A person has got these messages and no others."""
        told = self.conn.execute(
            text("SELECT kind FROM notice WHERE person_id = :p ORDER BY notice_id"),
            {"p": who.person_id},
        )
        assert tuple(told.scalars()) == kinds

    def then_history_is(self, incident: UUID, who: Viewer, *steps: tuple[str, str]) -> None:
        """What became of an incident: (deed, by whom), from the report on."""
        told = [(step.action, step.person) for step in self.card(incident, who).steps]
        assert told == list(steps)

    def responsible(self, at: Position) -> Assignment:
        return responsible(self.conn, locate.locate(self.conn, at), None, self.now)


@pytest.fixture
def story(conn: Connection, make: Make) -> Story:
    return Story(conn, make)
