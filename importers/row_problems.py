"""Why a row of a file is refused: every problem of a row, each with its code and sentence."""

from __future__ import annotations

from geo.errors import Refusal


class RowProblem(Refusal):
    """What is wrong with one row.

    It is kept in the account of the import and never raised. Facts called `field` or `first_field`
    are our names of fields; `choices` are our words, parted by commas.
    """


class Empty(RowProblem):
    """A field that cannot be done without is empty."""

    code = "value.missing"
    sentence = "{field} is empty."


class NoDayOrKind(RowProblem):
    """A row of the calendar lacks its day or what that day is."""

    code = "value.missing"
    sentence = "A day and its kind."


class Nameless(RowProblem):
    """A unit has nothing to be known by."""

    code = "value.missing"
    sentence = "It has neither a name nor a code."


class EndWithoutTime(RowProblem):
    """A closed incident says no time at all."""

    code = "value.missing"
    sentence = "A closed incident needs a time."


class NotAChoice(RowProblem):
    """A word that is none of the field's."""

    code = "value.unknown"
    sentence = "{given!r} is none of: {choices}."


class NotANumber(RowProblem):
    """A text where a number belongs."""

    code = "value.bad"
    sentence = "{given!r} is no number."


class OutOfRange(RowProblem):
    """A number beyond the limits of its field."""

    code = "value.bad"
    sentence = "{given} is not between {low:g} and {high:g}."


class NotWhole(RowProblem):
    """A fraction where things are counted."""

    code = "value.bad"
    sentence = "{given} is no whole number."


class NotATime(RowProblem):
    """A text where a day or time belongs."""

    code = "value.bad"
    sentence = "{given!r} is no date or time."


class DaysReversed(RowProblem):
    """A last day without a first one, or before it."""

    code = "value.bad"
    sentence = "{field} is before {first_field}, or {first_field} is missing."


class NotEnded(RowProblem):
    """An incident that is only reported has a time of closing."""

    code = "value.bad"
    sentence = "What is only reported has not ended."


class EndedTooEarly(RowProblem):
    """An incident was closed before it was reported."""

    code = "value.bad"
    sentence = "It ended before it was reported."


class ItemEndsEarly(RowProblem):
    """An item of the admission list ends before its first day."""

    code = "value.bad"
    sentence = "The item ends before it begins."


class VisitToCome(RowProblem):
    """A visit lies in the future."""

    code = "value.bad"
    sentence = "The visit is still to come."


class NoEnd(RowProblem):
    """A temporary item of the admission list has no last day."""

    code = "matter.no_end"
    sentence = "A temporary item needs an end date."


class CoordinatesUnusable(RowProblem):
    """A position that is missing by half, unreadable or nowhere on Earth."""

    code = "position.bad"
    sentence = "The coordinates are {reason}."


class SpoiledCode(RowProblem):
    """A long code that a spreadsheet has made a number."""

    code = "code.spoiled"
    sentence = (
        "This code was typed as a number and its last digits are lost: format the column "
        "as text and type it again."
    )


class NotDigits(RowProblem):
    """A code with anything but digits in it."""

    code = "code.bad"
    sentence = "{given!r} is no code of digits."


class WrongLength(RowProblem):
    """A code with too few or too many digits."""

    code = "code.bad"
    sentence = "{given} has {digits} digits; a {unit_level} has {needed}."


class NoProvince(RowProblem):
    """A code that begins with no province's number."""

    code = "code.bad"
    sentence = "{given} begins with {province}, which is no province."


class NamesNoUnit(RowProblem):
    """A code of the level above, filled up with zeros."""

    code = "code.bad"
    sentence = "{given} ends in zeros and names no {unit_level}."


class NoCode(RowProblem):
    """A unit without the national code that was declared."""

    code = "code.bad"
    sentence = "A national code is needed."


class NotTheParent(RowProblem):
    """A parent whose code is not the beginning of its child's."""

    code = "code.bad"
    sentence = "{parent} is not the parent of {given}."


class FieldRepeated(RowProblem):
    """A key that an earlier row has."""

    code = "row.repeated"
    sentence = "{field} {given} stands in row {at} already."


class Repeated(RowProblem):
    """Something that an earlier row names."""

    code = "row.repeated"
    sentence = "{given} stands in row {at} already."


class RepeatedInFile(RowProblem):
    """Something that a row of another file of the same import names."""

    code = "row.repeated"
    sentence = "{given} stands in row {at} of {file} already."


class DutyRepeated(RowProblem):
    """Days on which the same person has this duty already."""

    code = "row.repeated"
    sentence = "These days overlap other duties of the same person for {unit}."


class SecondPrimary(RowProblem):
    """A unit would have two primary workers at a time."""

    code = "duty.second_primary"
    sentence = "{unit} has a primary worker in this time already."


class PersonUnknown(RowProblem):
    """A key of nobody."""

    code = "person.unknown"
    sentence = "There is no person {key}: import people."


class HouseholdUnknown(RowProblem):
    """A number of no household, or of one that lies in no grid."""

    code = "household.unknown"
    sentence = "There is no household {number} that lies in a grid."


class MatterEmpty(RowProblem):
    """An incident without a kind."""

    code = "matter.unknown"
    sentence = "{field} is empty."


class MatterUnknown(RowProblem):
    """A kind of incident that the admission list does not have."""

    code = "matter.unknown"
    sentence = (
        "The admission list has no {given!r}: translate it by a --columns TOML with "
        '[values.matter_code] "{given}" = "CODE", or make items of new words by '
        "--new-matters."
    )


class UnitUnknown(RowProblem):
    """A code of no unit in force."""

    code = "unit.unknown"
    sentence = "No unit in force has the code {given}."


class UnitRetired(RowProblem):
    """A code of a unit that is no more."""

    code = "unit.retired"
    sentence = "{unit} was retired; codes are not given again."


class UnitMoved(RowProblem):
    """A unit that exists under another parent."""

    code = "unit.moved"
    sentence = "{unit} belongs to {parent}; a unit keeps its parent."


class ParentUnknown(RowProblem):
    """A parent that is not there."""

    code = "unit.no_parent"
    sentence = "There is no {unit_level} {given}: import it first."


class NoParent(RowProblem):
    """A unit that names no parent and lies in none."""

    code = "unit.no_parent"
    sentence = (
        "No {unit_level} is named, and none lies there: name the column with --field "
        "parent=HEADING."
    )


class ParentHidden(RowProblem):
    """A parent beyond the sender's territory."""

    code = "not_found"
    sentence = "There is no {unit_level} for this row."


class OutsideTerritory(RowProblem):
    """A row that belongs to a unit outside the sender's territory."""

    code = "territory.outside"
    sentence = "{territory} lies outside your territory {scope}."


class CameraOutside(RowProblem):
    """A camera that is kept outside the sender's territory."""

    code = "territory.outside"
    sentence = "This camera lies outside your territory."


class NumberOutside(RowProblem):
    """A household that is kept outside the sender's territory."""

    code = "territory.outside"
    sentence = "This number lies outside your territory."


class PersonOutside(RowProblem):
    """A person who is kept outside the sender's territory."""

    code = "territory.outside"
    sentence = "This person is not of your territory."


class NoOutline(RowProblem):
    """A row of a table of units without a shape."""

    code = "outline.missing"
    sentence = "The row has no outline."


class ShapeMissing(RowProblem):
    """A feature without a shape."""

    code = "outline.missing"
    sentence = "The feature has no shape."


class ShapeEmpty(RowProblem):
    """A shape without a point."""

    code = "outline.empty"
    sentence = "The shape is empty."


class NotAPolygon(RowProblem):
    """A point, a line, or a mixture."""

    code = "outline.wrong_type"
    sentence = "A polygon is needed."


class RingOpen(RowProblem):
    """A ring that is none."""

    code = "outline.unclosed"
    sentence = "A ring does not end where it begins."


class TooFewPoints(RowProblem):
    """A ring that encloses nothing."""

    code = "outline.too_few_points"
    sentence = "A ring has fewer than three different points."


class NothingLeft(RowProblem):
    """An outline that repair makes nothing of."""

    code = "outline.too_few_points"
    sentence = "Nothing is left of it: {geometry_fault}{place}."


class ShapeUnreadable(RowProblem):
    """Coordinates that are none."""

    code = "outline.unreadable"
    sentence = "The coordinates cannot be read."


class NestedTooDeep(RowProblem):
    """Collections in collections without end."""

    code = "outline.too_deep"
    sentence = "The shape is nested more than {most} deep."


class TooManyVertices(RowProblem):
    """A ring too long to be worked with."""

    code = "outline.too_many_vertices"
    sentence = "A ring has more than {most:,} points."


class TooManyCrossings(RowProblem):
    """An outline so tangled that mending it would take for ever."""

    code = "outline.too_many_crossings"
    sentence = (
        "The outline crosses itself more than {most:,} times: draw it again "
        "({crossings:,} crossings in the first {seen:,} of {edges:,} edges, the first at "
        "{x:.7g}, {y:.7g})."
    )


class PointNowhere(RowProblem):
    """A vertex that the declared datum puts nowhere on Earth."""

    code = "position.bad"
    sentence = "A point is no place on Earth in the declared datum."


class RepeatsOutline(RowProblem):
    """An outline that is a copy of another."""

    code = "outline.lost"
    sentence = "It repeats {unit}."


class CoveredByOthers(RowProblem):
    """An outline that keeps no land of its own."""

    code = "outline.lost"
    sentence = "Other outlines cover it completely."


class NoRoom(RowProblem):
    """A grid whose land is all other sub-groups'."""

    code = "subgroup.no_room"
    sentence = "Grid {grid} has no land that is not another sub-group's."


class HeldBack(RowProblem):
    """A row without a fault of its own, in a file that is taken whole or not at all."""

    code = "import.held_back"
    sentence = "Not taken, because other rows of this import were refused."
