import ctypes
import stat
import threading
import zipfile

import numpy as np
import pytest

from geo.errors import BadPosition
from importers import sandbox
from importers.sandbox import TooHard, UnsafeFile, check_archive, run, unpack


def doubled(values):
    return values * 2


def for_ever():
    while True:
        pass


def all_memory():
    return bytearray(8 << 30)


def crash():
    ctypes.string_at(0)


def refuse():
    raise BadPosition(lon=200.0, lat=0.0)


def fault():
    return {}["absent"]


def threads():
    return threading.active_count()


def test_the_answer_of_the_child_comes_back():
    assert run(doubled, np.arange(4), what="a test").tolist() == [0, 2, 4, 6]
    assert run(threads, what="a test") == 1


def test_a_child_that_never_ends_is_stopped():
    with pytest.raises(TooHard, match="it needs more than 1 s") as told:
        run(for_ever, what="reading x.gpkg", cpu_s=1)
    assert told.value.as_dict()["code"] == "file.too_hard"


def test_a_child_that_takes_all_memory_is_stopped():
    with pytest.raises(TooHard, match="memory"):
        run(all_memory, what="a test", memory_bytes=2 << 30)


def test_a_crash_of_the_child_is_a_refusal_and_not_a_crash():
    with pytest.raises(TooHard, match="broke down"):
        run(crash, what="a test")


def test_a_refusal_in_the_child_is_raised_as_it_was():
    with pytest.raises(BadPosition) as told:
        run(refuse, what="a test")
    assert told.value.facts == {"lon": 200.0, "lat": 0.0}


def test_a_fault_in_the_child_is_a_fault_here_with_its_traceback():
    with pytest.raises(RuntimeError, match="KeyError: 'absent'"):
        run(fault, what="a test")


def an_archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def link():
    member = zipfile.ZipInfo("grids.shp")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../../etc/cron.d/x": b"x"}, "leaves its folder"),
        ({"/etc/passwd": b"x"}, "leaves its folder"),
        ({"a\\..\\..\\x": b"x"}, "leaves its folder"),
        ({"C:x": b"x"}, "leaves its folder"),
        ({link(): "/etc/passwd"}, "is a link"),
        ({f"{i}.txt": b"" for i in range(201)}, "more than 200 files"),
        ({"zeros.shp": bytes(60 << 20)}, "compressed over a hundredfold"),
    ],
)
def test_an_archive_with_tricks_is_not_opened(tmp_path, members, reason):
    with pytest.raises(UnsafeFile, match=reason):
        check_archive(an_archive(tmp_path / "x.zip", members))


def test_an_archive_that_unpacks_to_more_than_allowed_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_UNPACKED", 1000)
    path = an_archive(tmp_path / "x.zip", {"a": b"1" * 600, "b": b"2" * 600})
    with pytest.raises(UnsafeFile, match="unpacks to more"):
        check_archive(path)


def test_what_is_no_archive_is_not_opened(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UnsafeFile, match="not a zip archive"):
        check_archive(path)


def test_an_archive_is_unpacked_flat_with_chinese_names(tmp_path):
    path = an_archive(tmp_path / "x.zip", {"网格/村.shp": b"s", "b.dbf": b"d", "m/._b.dbf": b""})
    gbk = an_archive(tmp_path / "y.zip", {"AABB.shp": b"s"})
    gbk.write_bytes(gbk.read_bytes().replace(b"AABB", "网格".encode("gbk")))
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    assert [file.name for file in unpack(path, tmp_path / "x")] == ["村.shp", "b.dbf"]
    assert [file.name for file in unpack(gbk, tmp_path / "y")] == ["网格.shp"]
    assert (tmp_path / "x" / "村.shp").read_bytes() == b"s"


def test_a_name_that_stands_twice_is_refused(tmp_path):
    path = an_archive(tmp_path / "x.zip", {"a/x.shp": b"1", "b/x.shp": b"2"})
    with pytest.raises(UnsafeFile, match="twice"):
        unpack(path, tmp_path)
