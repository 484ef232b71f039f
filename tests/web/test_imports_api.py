"""Files sent to be imported: understood, checked, taken in whole or not at all, stopped at once."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import xlsxwriter
from sqlalchemy import text

from grids import import_tasks, retention
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import OWN
from web import import_files, import_job, import_work
from web.clock import now

API = "/api/v1/imports"
HEADINGS = ["户号", "地址", "人口", "类别", "联系电话", "经度", "纬度"]


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A data folder of its own, for the application, the job and the keys."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("WANGGE_HOME", str(folder))
    return folder


@pytest.fixture
def admin(token_as):
    return token_as(Role.GRID_ADMIN)


def csv_of(rows, encoding="gb18030", headings=HEADINGS):
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_of(rows, headings=HEADINGS):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("户籍")
        for number, row in enumerate([headings, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def households(world, prefix, n, bad=()):
    """Return rows of households in the first grid; those at `bad` have a class nobody knows."""
    lon, lat = world.own.at
    return [
        [f"{prefix}{i}", f"幸福路{i}号", 3, "神仙" if i in bad else "一般", "", lon, lat]
        for i in range(n)
    ]


def send(caller, given, name, kind="households"):
    return caller.send(
        "POST",
        API,
        query_string={"kind": kind, "name": name},
        data=given,
        content_type="application/octet-stream",
    )


def options(caller, key, **said):
    answer = caller.send("PUT", f"{API}/{key}/options", json=said)
    assert answer.status_code == 200, answer.text
    return answer.json


def work(engine):
    """Do all that waits, in this process."""
    with begin(engine, EVERYWHERE) as conn:
        task_id = import_tasks.claim(conn, now())
    if task_id is not None:
        import_job.run(engine, task_id)
        work(engine)


def work_apart(engine):
    """Do what waits longest as the worker does, in a process of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, import_work.next_import(engine)).result()


def done(caller, world, key, deed, **said):
    answer = caller.post(f"{API}/{key}/{deed}", said or None)
    assert answer.status_code == 202, answer.text
    work(world.engine)
    return caller.get(f"{API}/{key}").json


def stored(world, prefix):
    with begin(world.engine, EVERYWHERE) as conn:
        asked = text("SELECT count(*) FROM household WHERE starts_with(number, :prefix)")
        return conn.execute(asked, {"prefix": prefix}).scalar()


def test_a_chinese_csv_is_understood_checked_and_taken_in(admin, world):
    given = csv_of(households(world, "GB-", 60))
    answer = send(admin, given, "户籍 2026.csv")
    assert answer.status_code == 201, answer.text
    card, key = answer.json, answer.json["task_id"]
    seen = card["recognised"]
    assert (seen["encoding"], seen["n_rows"], seen["first_row"]) == ("gb18030", 60, 2)
    assert seen["columns"]["class"] == "类别"
    assert seen["needs_datum"]
    assert len(card["rows"]) == 50
    assert card["rows"][0][:3] == ["2", "GB-0", "幸福路0号"]

    near = admin.get(f"{API}/{key}/places?datum=cgcs2000").json["places"]
    far = admin.get(f"{API}/{key}/places?datum=gcj02").json["places"]
    assert near[0] == pytest.approx(world.own.at, abs=1e-7)
    assert abs(far[0][0] - near[0][0]) > 1e-4

    undeclared = done(admin, world, key, "check")
    assert (undeclared["state"], undeclared["refusal"]["code"]) == ("failed", "datum.undeclared")
    options(admin, key, datum="cgcs2000", fields=seen["columns"])
    checked = done(admin, world, key, "check")
    assert checked["state"] == "checked"
    assert checked["account"]["counts"]["taken"] == 60
    assert stored(world, "GB-") == 0
    assert (checked["n_done"], checked["n_total"]) == (4, 4)

    taken = done(admin, world, key, "commit")
    assert (taken["state"], taken["account"]["counts"]["taken"]) == ("done", 60)
    assert stored(world, "GB-") == 60

    again = send(admin, given, "again.csv").json
    assert again["recognised"]["same_file"]["file_name"] == "户籍 2026.csv"
    assert again["options"]["datum"] == "cgcs2000"


@pytest.mark.usefixtures("in_process")
def test_rows_with_faults_are_shown_first_and_nothing_is_taken_unless_asked_for(admin, world):
    given = xlsx_of(households(world, "XL-", 9, bad={2, 5}))
    key = send(admin, given, "户籍.xlsx").json["task_id"]
    options(admin, key, datum="cgcs2000")
    checked = done(admin, world, key, "check")
    counts = checked["account"]["counts"]
    assert (counts["read"], counts["taken"], counts["refused"]) == (9, 7, 2)
    assert checked["account"]["by_code"] == {"value.unknown": 2}
    assert [one["row"] for one in checked["account"]["refusals"]] == [4, 7]

    file = admin.get(f"{API}/{key}/rejects.csv")
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"))))
    assert [row["户号"] for row in rows] == ["XL-2", "XL-5"]
    assert all("神仙" in row["问题"] for row in rows)
    assert admin.get(f"{API}/{key}/rejects.xlsx").data.startswith(b"PK")

    whole = done(admin, world, key, "commit")
    assert (whole["state"], whole["refusal"]["code"]) == ("failed", "import.rows_refused")
    assert stored(world, "XL-") == 0
    done(admin, world, key, "check")
    part = done(admin, world, key, "commit", partial=True)
    assert (part["state"], part["partial"]) == ("done", True)
    assert stored(world, "XL-") == 7


FAULTY = [["YY-1", "", 3, "神仙", "", "", ""], ["YY-1", "", "三", "一般", "", "", ""]]
DETAILS = {
    "zh": [
        "“神仙”不在可选范围：一般家庭、关爱服务家庭、重点关爱服务家庭。",
        "“三”不是数字。",
        "“户号” YY-1 在第 2 行已经有了。",
    ],
    "en": [
        "'神仙' is none of: ordinary, care, key_care.",
        "'三' is no number.",
        "number YY-1 stands in row 2 already.",
    ],
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.usefixtures("in_process")
def test_why_a_row_is_refused_is_said_in_the_reader_s_language(admin, world, language):
    key = send(admin, csv_of(FAULTY), "户籍.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    done(admin, world, key, "check")
    answer = admin.get(f"{API}/{key}?lang={language}").json
    listed = sorted(answer["account"]["refusals"], key=lambda one: (one["row"], one["field"]))
    rows = admin.get(f"{API}/{key}/rejects.csv?lang={language}").data.decode("utf-8-sig")
    problems = [row["问题"] for row in csv.DictReader(io.StringIO(rows))]
    first, second, third = DETAILS[language]
    assert [one["detail"] for one in listed] == [first, second, third]
    assert [one["message"] for one in listed] == DETAILS["en"]
    told = {
        "zh": [f"{third}人口：{second}", f"家庭类别：{first}"],
        "en": [f"number: {third}; members: {second}", f"class: {first}"],
    }
    assert problems == told[language]


@pytest.mark.usefixtures("in_process")
def test_an_account_of_an_earlier_release_is_shown_as_it_was_written(admin, world, home):
    key = send(admin, csv_of(FAULTY), "户籍.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    done(admin, world, key, "check")
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "UPDATE import_task SET account = jsonb_set(account, '{refusals}',"
                " jsonb_build_array(account -> 'refusals' -> 0 #- '{sentence}' #- '{facts}'))"
                " WHERE task_id = :id"
            ),
            {"id": key},
        )
    (home / "imports" / key / "rejects.zh.csv").unlink()
    (home / "imports" / key / "rejects.en.csv").rename(home / "imports" / key / "rejects.csv")
    one = admin.get(f"{API}/{key}").json["account"]["refusals"][0]
    assert one["detail"] == one["message"]
    assert "is none of" in admin.get(f"{API}/{key}/rejects.csv").data.decode("utf-8-sig")


@pytest.mark.usefixtures("in_process")
def test_a_field_whose_column_was_taken_away_is_left_out_and_a_column_that_is_not_there_refused(
    admin, world
):
    card = send(admin, csv_of(households(world, "WO-", 2)), "a.csv").json
    key, columns = card["task_id"], card["recognised"]["columns"]
    wrong = admin.send("PUT", f"{API}/{key}/options", json={"fields": {"number": "无"}})
    assert wrong.json["code"] == "import.field_unknown"
    kept = {name: heading for name, heading in columns.items() if name != "address"}
    options(admin, key, datum="cgcs2000", fields=kept)
    done(admin, world, key, "check")
    done(admin, world, key, "commit")
    with begin(world.engine, EVERYWHERE) as conn:
        asked = text("SELECT DISTINCT address FROM household WHERE starts_with(number, 'WO-')")
        assert conn.execute(asked).scalars().all() == [""]


@pytest.mark.usefixtures("in_process")
def test_what_was_sent_goes_when_it_is_taken_and_the_rejects_stay(admin, world, home):
    given = csv_of(households(world, "GO-", 4, bad={1}))
    key = send(admin, given, "x.csv").json["task_id"]
    folder = home / "imports" / key
    assert folder.stat().st_mode & 0o077 == 0
    options(admin, key, datum="cgcs2000")
    done(admin, world, key, "check")
    done(admin, world, key, "commit", partial=True)
    import_work.sweep(world.engine)
    assert {file.name for file in folder.iterdir()} == {
        f"rejects.{language}.{form}" for language in ("zh", "en") for form in ("csv", "xlsx")
    }
    with begin(world.engine, EVERYWHERE) as conn:
        gone = retention.run(conn, everyone("retention"), now() + timedelta(days=31))
        assert next(one.n for one in gone if one.name == "import_task") > 0
        import_files.sweep(import_tasks.with_files(conn))
        conn.rollback()


GRIDS = "网格.geojson"


def grids_of(world, conn):
    """Return a village's grids in force under new names."""
    rows = conn.execute(
        text(
            "SELECT u.code, u.name, ST_AsGeoJSON(o.outline, 7) AS shape"
            " FROM unit AS u JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)"
            " WHERE u.level = 'grid' AND starts_with(u.code, :village) ORDER BY u.code"
        ),
        {"village": world.foreign.village},
    ).all()
    features = [
        {
            "type": "Feature",
            "properties": {"编码": row.code, "名称": f"{row.name}改"},
            "geometry": json.loads(row.shape),
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode(), len(rows)


@pytest.mark.usefixtures("in_process")
def test_grids_are_compared_with_what_is_in_force_before_they_are_taken(token_as, world):
    admin = token_as(Role.GRID_ADMIN, world.foreign.code)
    with begin(world.engine, EVERYWHERE) as conn:
        given, n = grids_of(world, conn)
    card = send(admin, given, GRIDS, "grids").json
    key = card["task_id"]
    assert (card["recognised"]["crs"], card["recognised"]["needs_datum"]) == (None, True)
    options(admin, key, datum="cgcs2000")
    checked = done(admin, world, key, "check")
    assert checked["state"] == "checked", checked["refusal"]
    difference = checked["account"]["difference"]
    assert difference["renamed"]["n"] == n
    assert (difference["added"]["n"], difference["removed"]["n"]) == (0, 0)
    fitted = next(one for one in checked["account"]["notes"] if one["code"] == "coverage.fitted")
    assert {"snap_m", "moved_m"} <= fitted.keys()
    page = admin.get(f"{API}/{key}/repair.zh-CN.html")
    assert "<svg" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("in_process")
def test_outlines_with_faults_are_refused_whole(token_as, world):
    admin = token_as(Role.GRID_ADMIN, world.foreign.code)
    with begin(world.engine, EVERYWHERE) as conn:
        drawn = json.loads(grids_of(world, conn)[0])
    drawn["features"][0]["geometry"] = None
    drawn["features"].append(drawn["features"][1])
    key = send(admin, json.dumps(drawn).encode(), GRIDS, "grids").json["task_id"]
    options(admin, key, datum="cgcs2000")
    checked = done(admin, world, key, "check")
    account = checked["account"]
    assert account["counts"]["taken"] == 0
    assert account["counts"]["refused"] == len(drawn["features"])
    assert account["held_back"] == account["counts"]["refused"] - len(account["refusals"])
    taken = done(admin, world, key, "commit", partial=True)
    assert (taken["state"], taken["refusal"]["code"]) == ("failed", "import.rows_refused")


@pytest.mark.usefixtures("in_process")
def test_an_import_is_stopped_within_two_seconds_and_changes_nothing(admin, world):
    given = csv_of(households(world, "ST-", 20_000))
    key = send(admin, given, "many.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    assert admin.post(f"{API}/{key}/stop").status_code == 409
    done(admin, world, key, "check")
    assert admin.post(f"{API}/{key}/commit", {}).status_code == 202
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work_apart, world.engine)
        while admin.get(f"{API}/{key}").json["state"] == "waiting":
            time.sleep(0.05)
        asked = time.monotonic()
        assert admin.post(f"{API}/{key}/stop").json["state"] == "stopped"
        worker.result()
        assert time.monotonic() - asked < 2
    assert stored(world, "ST-") == 0
    assert admin.get(f"{API}/{key}").json["state"] == "stopped"
    assert done(admin, world, key, "check")["state"] == "checked"


@pytest.mark.usefixtures("in_process")
def test_an_import_whose_worker_died_is_begun_again_by_the_next(admin, world):
    key = send(admin, csv_of(households(world, "DI-", 3)), "a.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    admin.post(f"{API}/{key}/check")
    with begin(world.engine, EVERYWHERE) as conn:
        assert str(import_tasks.claim(conn, now() - timedelta(minutes=1))) == key
    assert work_apart(world.engine)
    assert admin.get(f"{API}/{key}").json["state"] == "checked"


@pytest.mark.usefixtures("in_process")
def test_the_job_worker_does_imports_beside_its_queue(admin, world):
    key = send(admin, csv_of(households(world, "WK-", 3)), "a.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    admin.post(f"{API}/{key}/check")

    async def until_done():
        working = asyncio.create_task(import_work.keep_importing(world.engine))
        while admin.get(f"{API}/{key}").json["state"] in ("waiting", "running"):
            await asyncio.sleep(0.1)
        working.cancel()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, until_done()).result()
    assert admin.get(f"{API}/{key}").json["state"] == "checked"


def zip_bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * (64 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "name", "kind", "status", "code"),
    [
        (b"", "a.csv", "households", 422, "import.empty"),
        (b"a,b\n1,2\n", "../../a.csv", "households", 422, "file.name"),
        (b"a,b\n1,2\n", "a\u202efdp.csv", "households", 422, "file.name"),
        (b"a,b\n1,2\n", "a.exe", "households", 422, "import.format"),
        (b"{}", "a.geojson", "households", 422, "import.format"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "a.csv", "households", 422, "file.unsafe"),
        (zip_bomb(), "a.xlsx", "households", 422, "file.unsafe"),
        (b"<OGRVRTDataSource/>", "a.geojson", "grids", 422, "file.unsupported"),
        (b"not a geopackage", "a.gpkg", "grids", 422, "file.unsupported"),
        (b"a,b\n1,2\n", "a.csv", "nothing", 422, "http.422"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(
    admin, home, given, name, kind, status, code
):
    answer = send(admin, given, name, kind)
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert not list((home / "imports").iterdir()) if (home / "imports").exists() else True


def test_a_file_larger_than_allowed_is_not_kept(admin, home, monkeypatch):
    monkeypatch.setattr(import_files, "MAX_BYTES", 1 << 20)
    answer = send(admin, b"x" * (2 << 20), "a.csv")
    assert answer.status_code == 413
    assert not list(home.glob("imports/*"))


@pytest.mark.usefixtures("in_process")
def test_what_a_file_says_is_for_who_sent_it(admin, token_as, world):
    key = send(admin, csv_of(households(world, "OT-", 3)), "a.csv").json["task_id"]
    other = token_as(Role.SYSADMIN)
    card = other.get(f"{API}/{key}").json
    assert (card["mine"], card["rows"]) == (False, None)
    for deed in ("check", "stop", "discard"):
        assert other.post(f"{API}/{key}/{deed}").json["code"] == "import.others"
    listed = other.get(API).json["imports"]
    assert key in {one["task_id"] for one in listed}
    assert admin.post(f"{API}/{key}/discard").json["state"] == "discarded"
    assert admin.post(f"{API}/{key}/check").json["code"] == "import.state"


@pytest.mark.usefixtures("in_process")
def test_the_trail_says_who_sent_and_took_in(admin, world):
    key = send(admin, csv_of(households(world, "AU-", 2)), "a.csv").json["task_id"]
    options(admin, key, datum="cgcs2000")
    done(admin, world, key, "check")
    done(admin, world, key, "commit")
    with begin(world.engine, EVERYWHERE) as conn:
        asked = text("SELECT action FROM audit WHERE record = :record ORDER BY audit_id")
        told = conn.execute(asked, {"record": f"import_task {key}"}).scalars().all()
        who = text("SELECT territory_code FROM audit WHERE action = 'import.run' ORDER BY at DESC")
        assert conn.execute(who).scalars().first() == OWN
    assert told == ["import.send", "import.check", "import.commit"]
