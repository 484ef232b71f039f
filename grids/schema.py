"""The tables as SQLAlchemy Core sees them: names and types for the queries of this room.

Keys between tables, checks, exclusion constraints, indexes, policies and grants are written in
`migrations/versions/`; a test holds the columns here against a migrated database.
"""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    FetchedValue,
    Float,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import DATERANGE, INET, INT4RANGE, JSONB, TSTZRANGE

metadata = MetaData()

Instant = DateTime(timezone=True)
# A unit code: text in the C collation, so that a territory is a range.
Code = Text(collation="C")


def shape(kind: str, srid: int) -> Geometry:
    """Return a geometry column type; its index is the migrations' business."""
    return Geometry(kind, srid=srid, spatial_index=False)


person = Table(
    "person",
    metadata,
    Column("person_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("name", Text, nullable=False),
    Column("phone_cipher", LargeBinary),
    Column("phone_mask", Text),
    Column("unit_code", Code, nullable=False),
    Column("source_key", Text),
    Column("active", Boolean, nullable=False, server_default=FetchedValue()),
    Column("created_at", Instant, nullable=False, server_default=FetchedValue()),
)

account = Table(
    "account",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("login", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False, server_default=FetchedValue()),
    Column("disabled_at", Instant),
)

access_grant = Table(
    "access_grant",
    metadata,
    Column("grant_id", BigInteger, Identity(), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_code", Code, nullable=False),
    Column("valid", TSTZRANGE, nullable=False, server_default=FetchedValue()),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("login", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("locked_until", Instant),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("grant_id", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("seen_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("client", Text),
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("grant_id", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("expires_at", Instant),
    Column("ended_at", Instant),
)

unit = Table(
    "unit",
    metadata,
    Column("code", Code, primary_key=True),
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=FetchedValue()),
    Column("name", Text, nullable=False),
    Column("initials", Text, nullable=False, server_default=FetchedValue()),
    Column("parent_code", Code),
    Column("source_code", Text),
    Column("n_parts", SmallInteger, nullable=False, server_default=FetchedValue()),
    Column("valid", TSTZRANGE, nullable=False, server_default=FetchedValue()),
)

unit_frame = Table(
    "unit_frame",
    metadata,
    Column("unit_code", Code, primary_key=True),
    Column("outline", shape("MULTIPOLYGON", 4490), nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

plan = Table(
    "plan",
    metadata,
    Column("plan_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("title", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("source", Text, nullable=False, server_default=FetchedValue()),
    Column("base_publication", Integer),
    Column("territory_code", Code, nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("open_incidents", Text, nullable=False, server_default=FetchedValue()),
    Column("effective_from", Instant),
    Column("version", Integer, nullable=False, server_default=FetchedValue()),
    Column("owner_id", Uuid),
    Column("approved_by", Uuid),
    Column("created_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("updated_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("submitted_at", Instant),
    Column("approved_at", Instant),
    Column("approved_version", Integer),
    Column("publish_by", Uuid),
    Column("publish_memo", Text, nullable=False, server_default=FetchedValue()),
)

approval_area = Table(
    "approval_area",
    metadata,
    Column("territory_code", Code, primary_key=True),
    Column("by_person", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

plan_incident_choice = Table(
    "plan_incident_choice",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("incident_id", Uuid, primary_key=True),
    Column("moves", Boolean, nullable=False),
    Column("by_person", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

proof_run = Table(
    "proof_run",
    metadata,
    Column("run_id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("cause", Text, nullable=False),
    Column("publication", Integer),
    Column("n_faults", Integer, nullable=False),
    Column("faults", JSONB, nullable=False, server_default=FetchedValue()),
    Column("seconds", Float, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("base", Integer),
    Column("at", Instant, nullable=False),
    Column("in_force_from", Instant, nullable=False),
    Column("by_person", Uuid),
    Column("memo", Text, nullable=False, server_default=FetchedValue()),
    Column("plan_id", Uuid),
    Column("n_changed", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

cell = Table(
    "cell",
    metadata,
    Column("cell_id", BigInteger, Identity(), primary_key=True),
    Column("created_in", Integer, nullable=False),
    Column("retired_in", Integer),
)

cell_version = Table(
    "cell_version",
    metadata,
    Column("cell_id", BigInteger, primary_key=True),
    Column("publication", Integer, primary_key=True),
    Column("village_code", Code, nullable=False),
    Column("grid_code", Code),
    Column("subgroup_code", Code),
    Column("outline", shape("POLYGON", 4490), nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
)

unit_outline = Table(
    "unit_outline",
    metadata,
    Column("unit_code", Code, primary_key=True),
    Column("publication", Integer, primary_key=True),
    Column("level", Text, nullable=False),
    Column("outline", shape("MULTIPOLYGON", 4490), nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("n_households", Integer, nullable=False, server_default=FetchedValue()),
    Column("valid", TSTZRANGE, nullable=False),
)

unit_display = Table(
    "unit_display",
    metadata,
    Column("level", Text, primary_key=True),
    Column("zoom", SmallInteger, primary_key=True),
    Column("unit_code", Code, primary_key=True),
    Column("outline", shape("MULTIPOLYGON", 3857), nullable=False),
    Column("label", shape("POINT", 3857), Computed("ST_PointOnSurface(outline)", persisted=True)),
    Column("since", Integer, nullable=False),
)

unit_display_past = Table(
    "unit_display_past",
    metadata,
    Column("level", Text, primary_key=True),
    Column("zoom", SmallInteger, primary_key=True),
    Column("unit_code", Code, primary_key=True),
    Column("during", INT4RANGE, primary_key=True),
    Column("outline", shape("MULTIPOLYGON", 3857), nullable=False),
    Column("label", shape("POINT", 3857), nullable=False),
)

display_drawn = Table(
    "display_drawn",
    metadata,
    Column("publication", Integer, primary_key=True),
)

unit_naming = Table(
    "unit_naming",
    metadata,
    Column("unit_code", Code, nullable=False),
    Column("name", Text, nullable=False),
    Column("valid", TSTZRANGE, nullable=False),
)

lineage = Table(
    "lineage",
    metadata,
    Column("publication", Integer, nullable=False),
    Column("from_code", Code),
    Column("to_code", Code),
    Column("kind", Text, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("n_households", Integer, nullable=False, server_default=FetchedValue()),
)

plan_unit = Table(
    "plan_unit",
    metadata,
    Column("plan_id", Uuid, nullable=False),
    Column("code", Code, primary_key=True),
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=FetchedValue()),
    Column("name", Text, nullable=False),
    Column("initials", Text, nullable=False, server_default=FetchedValue()),
    Column("parent_code", Code, nullable=False),
    Column("source_code", Text),
    Column("n_parts", SmallInteger, nullable=False, server_default=FetchedValue()),
)

plan_cell = Table(
    "plan_cell",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("cell_id", BigInteger, primary_key=True),
    Column("base_publication", Integer),
    Column("version", Integer, nullable=False, server_default=FetchedValue()),
    Column("gone", Boolean, nullable=False, server_default=FetchedValue()),
    Column("village_code", Code, nullable=False),
    Column("grid_code", Code),
    Column("subgroup_code", Code),
    Column("outline", shape("POLYGON", 4490), nullable=False),
    Column("area_m2", Float, nullable=False),
)

plan_step = Table(
    "plan_step",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("tool", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("before", LargeBinary, nullable=False),
    Column("after", LargeBinary, nullable=False),
    Column("by_person", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("undone_at", Instant),
    Column("cells", ARRAY(BigInteger), nullable=False, server_default=FetchedValue()),
    Column("made_in", Integer, nullable=False, server_default=FetchedValue()),
    Column("turned_in", Integer),
)

plan_sketch = Table(
    "plan_sketch",
    metadata,
    Column("sketch_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("plan_id", Uuid, nullable=False),
    Column("tool", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("code", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("by_person", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

plan_answer = Table(
    "plan_answer",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("by_person", Uuid, primary_key=True),
    Column("sent_key", Text, primary_key=True),
    Column("said", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

lease = Table(
    "lease",
    metadata,
    Column("village_code", Code, primary_key=True),
    Column("plan_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("until", Instant, nullable=False),
)

inbox_edit = Table(
    "inbox_edit",
    metadata,
    Column("edit_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("source", Text, nullable=False),
    Column("unit_code", Code),
    Column("outline", shape("GEOMETRY", 4490), nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("report", JSONB, nullable=False, server_default=FetchedValue()),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("sent_by", Text, nullable=False, server_default=FetchedValue()),
    Column("name", Text),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("plan_id", Uuid),
    Column("decided_by", Uuid),
    Column("decided_at", Instant),
)

import_batch = Table(
    "import_batch",
    metadata,
    Column("batch_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("kind", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("datum", Text),
    Column("report", JSONB, nullable=False),
    Column("by_person", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
)

import_task = Table(
    "import_task",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("territory_code", Code, nullable=False),
    Column("by_person", Uuid),
    Column("by_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("n_bytes", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("deed", Text),
    Column("partial", Boolean, nullable=False, server_default=FetchedValue()),
    Column("options", JSONB, nullable=False, server_default=FetchedValue()),
    Column("recognised", JSONB, nullable=False),
    Column("stage", Text),
    Column("n_done", Integer, nullable=False, server_default=FetchedValue()),
    Column("n_total", Integer, nullable=False, server_default=FetchedValue()),
    Column("asked_at", Instant),
    Column("began_at", Instant),
    Column("beat_at", Instant),
    Column("ended_at", Instant),
    Column("account", JSONB),
    Column("refusal", JSONB),
)

household = Table(
    "household",
    metadata,
    Column("household_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("number", Text, nullable=False),
    Column("address", Text, nullable=False, server_default=FetchedValue()),
    Column("building", Text),
    Column("building_unit", Text),
    Column("room", Text),
    Column("members", SmallInteger),
    Column("class", Text, nullable=False, server_default=FetchedValue()),
    Column("phone_cipher", LargeBinary),
    Column("phone_mask", Text),
    Column("position", shape("POINT", 4490)),
    Column("given_x", Float),
    Column("given_y", Float),
    Column("given_datum", Text),
    Column("grid_code", Code),
    Column("subgroup_code", Code),
    Column("placed_by", Text, nullable=False),
    Column("publication", Integer),
    Column("territory_code", Code, nullable=False),
    Column("batch_id", Uuid),
    Column("updated_at", Instant, nullable=False, server_default=FetchedValue()),
)

camera = Table(
    "camera",
    metadata,
    Column("camera_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("registry", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=FetchedValue()),
    Column("owner", Text, nullable=False, server_default=FetchedValue()),
    Column("place_class", Text, nullable=False, server_default=FetchedValue()),
    Column("status", Text, nullable=False, server_default=FetchedValue()),
    Column("position", shape("POINT", 4490)),
    Column("given_x", Float),
    Column("given_y", Float),
    Column("given_datum", Text),
    Column("direction_deg", Float),
    Column("grid_code", Code),
    Column("subgroup_code", Code),
    Column("publication", Integer),
    Column("territory_code", Code, nullable=False),
    Column("batch_id", Uuid),
    Column("updated_at", Instant, nullable=False, server_default=FetchedValue()),
)

duty = Table(
    "duty",
    metadata,
    Column("duty_id", BigInteger, Identity(), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("unit_code", Code, nullable=False),
    Column("rank", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False),
)

leave = Table(
    "leave",
    metadata,
    Column("leave_id", BigInteger, Identity(), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("reason", Text, nullable=False, server_default=FetchedValue()),
)

matter = Table(
    "matter",
    metadata,
    Column("code", Text, primary_key=True),
    Column("scheme", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("department", Text, nullable=False, server_default=FetchedValue()),
    Column("level", Text, nullable=False, server_default=FetchedValue()),
    Column("first_rank", Text, nullable=False, server_default=FetchedValue()),
    Column("limit_hours", Integer, nullable=False),
    Column("attempts", Text, nullable=False, server_default=FetchedValue()),
    Column("temporary", Boolean, nullable=False, server_default=FetchedValue()),
    Column("valid", DATERANGE, nullable=False),
    Column("limit_clock", Text, nullable=False, server_default=FetchedValue()),
)

incident = Table(
    "incident",
    metadata,
    Column("incident_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("reported_at", Instant, primary_key=True),
    Column("occurred_at", Instant, nullable=False),
    Column("number", Text, nullable=False),
    Column("matter_code", Text, nullable=False),
    Column("scale", Text, nullable=False, server_default=FetchedValue()),
    Column("level", Text, nullable=False, server_default=FetchedValue()),
    Column("summary", Text, nullable=False),
    Column("place", Text, nullable=False, server_default=FetchedValue()),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default=FetchedValue()),
    Column("position", shape("POINT", 4490)),
    Column("accuracy_m", Float),
    Column("given_x", Float),
    Column("given_y", Float),
    Column("given_datum", Text),
    Column("placement", Text, nullable=False),
    Column("border_m", Float),
    Column("rivals", JSONB, nullable=False, server_default=FetchedValue()),
    Column("review", Boolean, nullable=False, server_default=FetchedValue()),
    Column("publication", Integer),
    Column("grid_code", Code),
    Column("subgroup_code", Code),
    Column("territory_code", Code, nullable=False),
    Column("step", Text, nullable=False, server_default=FetchedValue()),
    Column("owner_id", Uuid),
    Column("owner_unit", Code, nullable=False),
    Column("owner_rank", Text, nullable=False),
    Column("owner_reason", JSONB, nullable=False),
    Column("due_at", Instant),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False, server_default=FetchedValue()),
    Column("batch_id", Uuid),
    Column("limit_hours", Float),
    Column("limit_clock", Text, nullable=False, server_default=FetchedValue()),
    Column("limit_left_hours", Float),
    Column("warn_at", Instant),
    Column("accept_due_at", Instant),
    Column("accepted_at", Instant),
    Column("resolved_at", Instant),
    Column("suspended_until", Instant),
    Column("reporter_known", Boolean, nullable=False, server_default=FetchedValue()),
    Column("answered_at", Instant),
    Column("duplicate_of", Uuid),
    Column("split_from", Uuid),
    Column("told_colour", Text),
    Column("occurred_precision", Text, nullable=False, server_default=FetchedValue()),
)

incident_key = Table(
    "incident_key",
    metadata,
    Column("source", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("reported_at", Instant, nullable=False),
    Column("answer", JSONB, nullable=False, server_default=FetchedValue()),
)

# A photo of an incident; the bytes are JPEG.
photo = Table(
    "photo",
    metadata,
    Column("photo_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("incident_id", Uuid, nullable=False),
    Column("step_seq", Integer),
    Column("person_id", Uuid),
    Column("at", Instant, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("given_sha256", LargeBinary, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("territory_code", Code, nullable=False),
)

incident_counter = Table(
    "incident_counter",
    metadata,
    Column("county_code", Code, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

incident_step = Table(
    "incident_step",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("from_step", Text),
    Column("to_step", Text, nullable=False),
    Column("person_id", Uuid),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("facts", JSONB, nullable=False, server_default=FetchedValue()),
    Column("idempotency_key", Text),
    Column("territory_code", Code, nullable=False),
)

visit = Table(
    "visit",
    metadata,
    Column("visit_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("person_id", Uuid, nullable=False),
    Column("household_id", Uuid),
    Column("grid_code", Code, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("at", Instant, nullable=False),
    Column("result", Text, nullable=False, server_default=FetchedValue()),
    Column("idempotency_key", Text),
    Column("task_id", Uuid),
)

patrol = Table(
    "patrol",
    metadata,
    Column("patrol_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("person_id", Uuid, nullable=False),
    Column("grid_code", Code, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("result", Text, nullable=False, server_default=FetchedValue()),
    Column("idempotency_key", Text),
    Column("task_id", Uuid),
)

task_rule = Table(
    "task_rule",
    metadata,
    Column("rule_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("title", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("kind", Text, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("level", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("made_by", Uuid),
    Column("made_at", Instant, nullable=False),
)

task = Table(
    "task",
    metadata,
    Column("task_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("title", Text, nullable=False),
    Column("unit_code", Code, nullable=False),
    Column("person_id", Uuid),
    Column("period", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("done_at", Instant),
    Column("rule_id", Uuid),
    Column("kind", Text, nullable=False, server_default=FetchedValue()),
    Column("starts_on", Date, nullable=False),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("result", Text, nullable=False, server_default=FetchedValue()),
    Column("done_by", Uuid),
    Column("idempotency_key", Text),
    Column("territory_code", Code, nullable=False),
)

handover = Table(
    "handover",
    metadata,
    Column("handover_id", BigInteger, Identity(), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("successors", JSONB, nullable=False, server_default=FetchedValue()),
    Column("by_person", Uuid),
    Column("asked_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("moved", JSONB, nullable=False, server_default=FetchedValue()),
    Column("territory_code", Code, nullable=False),
)

department_seat = Table(
    "department_seat",
    metadata,
    Column("department", Text, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("unit_code", Code, nullable=False),
    Column("since", Instant, nullable=False),
)

matter_request = Table(
    "matter_request",
    metadata,
    Column("request_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("code", Text, nullable=False),
    Column("item", JSONB, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("asked_by", Uuid),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", Uuid),
    Column("decided_at", Instant),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
    Column("territory_code", Code, nullable=False),
)

daily_count = Table(
    "daily_count",
    metadata,
    Column("grid_code", Code, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("matter_code", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("changed_by", Text, nullable=False, server_default=FetchedValue()),
    Column("n_by_month", Integer, nullable=False, server_default=FetchedValue()),
)

daily_count_epoch = Table(
    "daily_count_epoch",
    metadata,
    Column("only_one", Boolean, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("notice_id", BigInteger, Identity(), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False, server_default=FetchedValue()),
    Column("kind", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("xid", Text, nullable=False, server_default=FetchedValue()),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("seen_at", Instant),
    Column("about", BigInteger),
    Column("attempts", SmallInteger, nullable=False, server_default=FetchedValue()),
    Column("due_at", Instant),
    Column("sent_at", Instant),
    Column("error", Text),
)

role_channel = Table(
    "role_channel",
    metadata,
    Column("role", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
)

notice_channel = Table(
    "notice_channel",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("since", Instant, nullable=False, server_default=FetchedValue()),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", BigInteger, Identity(), primary_key=True),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("person_id", Uuid),
    Column("role", Text),
    Column("action", Text, nullable=False),
    Column("record", Text, nullable=False, server_default=FetchedValue()),
    Column("territory_code", Text),
    Column("success", Boolean, nullable=False, server_default=FetchedValue()),
    Column("reason", Text, nullable=False, server_default=FetchedValue()),
    Column("facts", JSONB, nullable=False, server_default=FetchedValue()),
    Column("client", Text),
    Column("request_id", Text),
    Column("chain", LargeBinary),
    Column("sealed_as", BigInteger),
)

boundary_rule = Table(
    "boundary_rule",
    metadata,
    Column("rule_id", Integer, Identity(always=True), primary_key=True),
    Column("territory_code", Code),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("least", Float),
    Column("most", Float),
    Column("severity", Text, nullable=False, server_default=FetchedValue()),
    Column("updated_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("updated_by", Uuid),
)

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=FetchedValue()),
)

incident_limit = Table(
    "incident_limit",
    metadata,
    Column("limit_id", Integer, Identity(always=True), primary_key=True),
    Column("stage", Text, nullable=False),
    Column("matter_code", Text),
    Column("level", Text),
    Column("hours", Float, nullable=False),
    Column("clock", Text, nullable=False),
)

colour_rule = Table(
    "colour_rule",
    metadata,
    Column("code", Text, primary_key=True),
    Column("colour", Text, nullable=False),
    Column("threshold", Float),
    Column("in_use", Boolean, nullable=False, server_default=FetchedValue()),
)

incident_reporter = Table(
    "incident_reporter",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, server_default=FetchedValue()),
    Column("phone_cipher", LargeBinary),
    Column("phone_mask", Text),
    Column("person_id", Uuid),
    Column("territory_code", Code, nullable=False),
)

retention_rule = Table(
    "retention_rule",
    metadata,
    Column("class", Text, primary_key=True),
    Column("days", Integer, nullable=False),
)

retention_run = Table(
    "retention_run",
    metadata,
    Column("run_id", BigInteger, primary_key=True, server_default=FetchedValue()),
    Column("class", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("before", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("n", Integer, nullable=False),
)

supervision = Table(
    "supervision",
    metadata,
    Column("supervision_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("number", Text, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("to_unit", Code, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", Uuid),
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default=FetchedValue()),
    Column("answer", Text, nullable=False, server_default=FetchedValue()),
    Column("answered_at", Instant),
    Column("answered_by", Uuid),
    Column("struck_off_note", Text, nullable=False, server_default=FetchedValue()),
    Column("struck_off_at", Instant),
    Column("struck_off_by", Uuid),
    Column("idempotency_key", Text),
    Column("territory_code", Code, nullable=False),
)

supervision_counter = Table(
    "supervision_counter",
    metadata,
    Column("county_code", Code, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

# What the board counts, its alerts, kept reports and the walls that show them.
incident_tally = Table(
    "incident_tally",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("reported_at", Instant, nullable=False),
    Column("day", Date, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("matter_code", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("closed_digits", SmallInteger),
    Column("came_closed", Boolean, nullable=False, server_default=FetchedValue()),
    Column("response_s", Integer),
    Column("closing_s", Integer),
    Column("changed_by", Text, nullable=False, server_default=FetchedValue()),
    Column("by_month", Boolean, nullable=False, server_default=FetchedValue()),
)

incident_tally_left = Table(
    "incident_tally_left",
    metadata,
    Column("day", Date, nullable=False),
    Column("changed_by", Text, nullable=False, server_default=FetchedValue()),
)

alert = Table(
    "alert",
    metadata,
    Column("alert_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("matter_group", Text, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Uuid),
    Column("note", Text, nullable=False, server_default=FetchedValue()),
)

alert_night = Table(
    "alert_night",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("territory_code", Code, nullable=False),
    Column("grid_codes", ARRAY(Text), nullable=False),
    Column("centre_code", Code, nullable=False),
    Column("radius_m", Float, nullable=False),
    Column("since", Date, nullable=False),
    Column("observed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("relative_risk", Float),
    Column("p", Float, nullable=False),
    Column("recurrence_days", Float, nullable=False),
    Column("groups", ARRAY(Text), nullable=False, server_default=FetchedValue()),
)

alert_scan = Table(
    "alert_scan",
    metadata,
    Column("day", Date, primary_key=True),
    Column("at", Instant, nullable=False, server_default=FetchedValue()),
    Column("settings", JSONB, nullable=False),
    Column("n_tests", Integer, nullable=False),
    Column("n_cases", Integer, nullable=False),
    Column("n_alerts", Integer, nullable=False),
)

report = Table(
    "report",
    metadata,
    Column("report_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("kind", Text, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("territory_code", Code, nullable=False),
    Column("figures", JSONB, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Uuid),
)

kiosk = Table(
    "kiosk",
    metadata,
    Column("kiosk_id", Uuid, primary_key=True, server_default=FetchedValue()),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("address", INET, nullable=False),
    Column("unit_code", Code, nullable=False),
    Column("made_at", Instant, nullable=False, server_default=FetchedValue()),
    Column("expires_at", Instant, nullable=False),
    Column("seen_at", Instant),
    Column("ended_at", Instant),
)

feed = Table(
    "feed",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mapping", JSONB, nullable=False),
    Column("saved_at", Instant, nullable=False),
)

feed_token = Table(
    "feed_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("feed_code", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

feed_message = Table(
    "feed_message",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("feed_code", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("given_cipher", LargeBinary, nullable=False),
    Column("territory_code", Code, nullable=False),
)

resident_report = Table(
    "resident_report",
    metadata,
    Column("report_key", Text, primary_key=True),
    Column("incident_id", Uuid, nullable=False),
    Column("joined", Boolean, nullable=False),
    Column("receipt_hash", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("stars", SmallInteger),
    Column("stars_note", Text, nullable=False, server_default=FetchedValue()),
    Column("rated_at", Instant),
    Column("territory_code", Code, nullable=False),
)

resident_photo = Table(
    "resident_photo",
    metadata,
    Column("report_key", Text, primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)
