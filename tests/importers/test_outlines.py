import gzip
import json
import re
import shutil
import struct
import zipfile

import geopandas
import numpy as np
import pytest
import shapely

from geo.datum import Datum, Epsg, from_cgcs2000_array
from geo.errors import UndeclaredDatum, UnsupportedDatum
from importers.outline_features import PROBLEMS, UnreadableOutlines, judged
from importers.outline_files import ChooseLayer, UnsupportedFormat
from importers.outlines import ConflictingDatum, read_outlines
from importers.sandbox import UnsafeFile
from tests.strategies import crooked_coverage

CELLS = crooked_coverage(2, 2, seed=1)
NAMES = ["新城网格", "河西网格", "东山网格", "耈街网格"]


def a_frame(crs="EPSG:4490"):
    return geopandas.GeoDataFrame({"code": list("abcd"), "名称": NAMES}, geometry=CELLS, crs=crs)


def a_shapefile(folder, encoding, crs="EPSG:4490"):
    a_frame(crs).to_file(folder / "grids.shp", encoding=encoding)
    return folder / "grids.shp"


def a_geojson(path, geometries, crs=None):
    features = [
        {"type": "Feature", "properties": {"n": i}, "geometry": geometry}
        for i, geometry in enumerate(geometries)
    ]
    document = {"type": "FeatureCollection", "features": features}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document))
    return path


def a_box():
    return json.loads(shapely.to_geojson(shapely.box(99, 24, 99.1, 24.1)))


def codes_of(table):
    return [(refusal.row, refusal.code) for refusal in table.refusals]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("packing", ["plain", "zip"])
def test_a_geopackage_is_read_with_the_system_it_names(tmp_path, packing):
    path = tmp_path / "grids.gpkg"
    a_frame().to_crs("EPSG:4542").to_file(path, layer="grids")
    if packing == "zip":
        with zipfile.ZipFile(tmp_path / "grids.gpkg.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, "folder/grids.gpkg")
        path = tmp_path / "grids.gpkg.zip"
    table = read_outlines(path)
    assert table.datum == Epsg(4542)
    assert not table.declared
    assert table.columns["名称"] == NAMES
    assert shapely.equals_exact(table.outlines, CELLS, 1e-9, normalize=True).all()
    assert table.notes[0] == {"code": "datum.used", "datum": "EPSG:4542", "declared": False}


def test_a_file_of_several_layers_is_asked_about(tmp_path):
    path = tmp_path / "all.gpkg"
    a_frame().to_file(path, layer="grids")
    a_frame().head(1).to_file(path, layer="villages")
    with pytest.raises(ChooseLayer, match="grids, villages"):
        read_outlines(path)
    assert len(read_outlines(path, layer="villages")) == 1


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("code_page", ["kept", "lost", "wrong"])
def test_chinese_names_of_a_shapefile_are_read_whatever_its_code_page_says(
    tmp_path, encoding, code_page
):
    path = a_shapefile(tmp_path, encoding)
    if code_page != "kept":
        path.with_suffix(".cpg").unlink(missing_ok=True)
        raw = bytearray(path.with_suffix(".dbf").read_bytes())
        raw[29] = 0x57
        path.with_suffix(".dbf").write_bytes(raw)
    if code_page == "wrong":
        path.with_suffix(".cpg").write_text("UTF-8" if encoding != "UTF-8" else "OEM")
    table = read_outlines(path)
    assert table.columns["名称"] == NAMES


@pytest.mark.usefixtures("in_process")
def test_an_encoding_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(UnreadableOutlines, match="not in ascii"):
        read_outlines(a_shapefile(tmp_path, "GBK"), encoding="ascii")


@pytest.mark.usefixtures("in_process")
def test_a_shapefile_in_a_zip_with_chinese_folders(tmp_path):
    a_shapefile(tmp_path, "GBK")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj", "cpg"):
            archive.write(tmp_path / f"grids.{part}", f"网格/昌宁.{part.upper()}")
    table = read_outlines(tmp_path / "x.zip")
    assert table.columns["名称"] == NAMES
    assert len(table.outlines) == 4


@pytest.mark.usefixtures("in_process")
def test_coordinates_without_a_system_are_asked_about(tmp_path):
    path = a_shapefile(tmp_path, "GBK", crs=None)
    with pytest.raises(UndeclaredDatum, match="wgs84, cgcs2000, gcj02, bd09, EPSG:n"):
        read_outlines(path)
    assert read_outlines(path, datum="cgcs2000").declared
    with pytest.raises(UndeclaredDatum):
        read_outlines(a_geojson(tmp_path / "x.geojson", [a_box()]))


@pytest.mark.usefixtures("in_process")
def test_shifted_coordinates_are_shifted_back_when_declared_though_the_file_says_wgs84(tmp_path):
    shifted = shapely.transform(CELLS, lambda xy: from_cgcs2000_array(xy, Datum.GCJ02))
    path = tmp_path / "x.gpkg"
    geopandas.GeoDataFrame(geometry=shifted, crs="EPSG:4326").to_file(path)
    table = read_outlines(path, datum="gcj02")
    assert shapely.equals_exact(table.outlines, CELLS, 1e-9, normalize=True).all()
    assert {"code": "datum.differs", "declared": "gcj02", "file": "EPSG:4326"} in table.notes


@pytest.mark.usefixtures("in_process")
def test_metres_are_never_taken_for_degrees(tmp_path):
    path = tmp_path / "x.gpkg"
    a_frame().to_crs("EPSG:4542").to_file(path)
    with pytest.raises(ConflictingDatum):
        read_outlines(path, datum="wgs84")
    bare = a_geojson(
        tmp_path / "x.geojson", [shapely.geometry.mapping(shapely.box(6e5, 4e6, 7e5, 5e6))]
    )
    assert codes_of(read_outlines(bare, datum="wgs84")) == [(1, "position.bad")]


@pytest.mark.usefixtures("in_process")
def test_systems_that_need_local_parameters_are_refused(tmp_path):
    path = tmp_path / "x.gpkg"
    geopandas.GeoDataFrame(geometry=CELLS, crs="EPSG:4610").to_file(path)
    with pytest.raises(UnsupportedDatum):
        read_outlines(path)


@pytest.mark.usefixtures("in_process")
def test_one_bad_feature_does_not_lose_the_others(tmp_path):
    box = a_box()
    ring = box["coordinates"][0]
    path = a_geojson(
        tmp_path / "x.geojson",
        [
            box,
            {"type": "Polygon", "coordinates": [ring[:-1]]},
            {"type": "Polygon", "coordinates": [[ring[0], ring[1], ring[0], ring[0]]]},
            {"type": "LineString", "coordinates": ring},
            None,
            {"type": "Polygon", "coordinates": []},
            {"type": "Polygon", "coordinates": [[["a", 1], [2, 3], [4, 5], ["a", 1]]]},
            {"type": "MultiPolygon", "coordinates": [box["coordinates"]]},
            {"type": "GeometryCollection", "geometries": [box, box]},
            [[99, 24]],
        ],
        crs="urn:ogc:def:crs:OGC:1.3:CRS84",
    )
    table = read_outlines(path)
    assert codes_of(table) == [
        (2, "outline.unclosed"),
        (3, "outline.too_few_points"),
        (4, "outline.wrong_type"),
        (5, "outline.missing"),
        (6, "outline.empty"),
        (7, "outline.unreadable"),
        (10, "outline.unreadable"),
    ]
    assert [outline is not None for outline in table.outlines].count(True) == 3
    assert table.columns["n"] == list(range(10))
    assert table.given(3) == {"n": 3}


@pytest.mark.usefixtures("in_process")
def test_height_and_measure_are_left_off(tmp_path):
    path = tmp_path / "x.gpkg"
    geopandas.GeoDataFrame(geometry=shapely.force_3d(CELLS, 1500.0), crs="EPSG:4490").to_file(path)
    outlines = read_outlines(path).outlines
    assert not shapely.has_z(outlines).any()
    assert shapely.equals_exact(outlines, CELLS, 1e-9, normalize=True).all()


@pytest.mark.usefixtures("in_process")
def test_a_shapefile_without_its_index_or_table_is_read(tmp_path):
    path = a_shapefile(tmp_path, "GBK")
    path.with_suffix(".shx").unlink()
    path.with_suffix(".dbf").unlink()
    table = read_outlines(path)
    assert len(table) == 4
    assert table.columns == {}
    assert {"code": "shapefile.no_shx"} in table.notes


def deep(depth):
    geometry = a_box()
    for _ in range(depth):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    return geometry


def test_a_shape_nested_too_deep_is_refused_before_any_geometry_is_made(tmp_path):
    path = a_geojson(tmp_path / "x.geojson", [deep(60), a_box()])
    assert codes_of(read_outlines(path, datum="wgs84")) == [(1, "outline.too_deep")]
    far = tmp_path / "y.geojson"
    far.write_text('{"type":"Feature","geometry":' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(UnreadableOutlines, match="not JSON"):
        read_outlines(far, datum="wgs84")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(tmp_path, number):
    path = tmp_path / "x.geojson"
    path.write_text(
        '{"type":"Feature","geometry":{"type":"Polygon","coordinates":'
        f"[[[{number},0],[1,0],[1,1],[{number},0]]]}}}}"
    )
    with pytest.raises(UnreadableOutlines):
        read_outlines(path, datum="wgs84")


def test_a_virtual_file_under_another_name_is_not_followed(tmp_path):
    secret = a_geojson(tmp_path / "secret.geojson", [a_box()])
    path = tmp_path / "x.geojson"
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    with pytest.raises(UnsupportedFormat):
        read_outlines(path, datum="wgs84")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(path, "x.geojson")
    with pytest.raises(UnsupportedFormat):
        read_outlines(tmp_path / "x.zip", datum="wgs84")


def test_an_entity_of_an_xml_file_is_not_followed(tmp_path):
    path = tmp_path / "x.kml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>&x;</name>'
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>99,24 99.1,24 99.1,24.1 99,24"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>"
    )
    try:
        table = read_outlines(path, datum="wgs84")
    except UnreadableOutlines:
        return
    assert not any("root:" in str(value) for value in table.columns.get("Name", []))


@pytest.mark.usefixtures("in_process")
def test_an_archive_with_two_shapefiles_is_asked_about(tmp_path):
    a_shapefile(tmp_path, "GBK")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "grids.shp", "a.shp")
        archive.write(tmp_path / "grids.shp", "b.shp")
    with pytest.raises(UnreadableOutlines, match="exactly one"):
        read_outlines(tmp_path / "x.zip")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.gpkg", b"SQLite format 3\0" + bytes(50 << 20))
    with pytest.raises(UnsafeFile, match="hundredfold"):
        read_outlines(tmp_path / "x.zip")


@pytest.mark.usefixtures("in_process")
def test_gzipped_json_is_read(tmp_path):
    plain = a_geojson(tmp_path / "x.geojson", [a_box()])
    packed = tmp_path / "x.geojson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert len(read_outlines(packed, datum="wgs84")) == 1


def test_an_outline_that_crosses_itself_everywhere_is_refused_and_a_real_error_is_not():
    rng = np.random.default_rng(1)
    scribble = shapely.Polygon(rng.random((3000, 2)))
    turn = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    circle = np.column_stack((np.cos(turn), np.sin(turn)))
    swapped = rng.choice(np.arange(0, 2000, 2), 20, replace=False)
    circle[[*swapped, *(swapped + 1)]] = circle[[*(swapped + 1), *swapped]]
    drawn = shapely.Polygon(circle)
    assert not drawn.is_valid
    features = judged([scribble, drawn])
    assert features.problems == ["outline.too_many_crossings", None]
    said = PROBLEMS["outline.too_many_crossings"](**features.facts_of(0)).message
    assert re.fullmatch(
        r"The outline crosses itself more than 50,000 times: draw it again \([\d,]+ crossings "
        r"in the first [\d,]+ of [\d,]+ edges, the first at [-\d.]+, [-\d.]+\)\.",
        said,
    )


def test_a_shapefile_cut_short_is_refused_and_not_a_crash(tmp_path):
    path = a_shapefile(tmp_path, "GBK")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        table = read_outlines(path)
    except UnreadableOutlines:
        return
    assert len(table.refusals) >= 1


def test_a_shapefile_with_lying_counts_is_refused_and_not_a_crash(tmp_path):
    path = a_shapefile(tmp_path, "GBK")
    raw = bytearray(path.read_bytes())
    raw[108 + 36 : 108 + 44] = struct.pack("<ii", 2**30, 2**30)
    path.write_bytes(raw)
    table = read_outlines(path)
    assert (1, "outline.missing") in codes_of(table) or (1, "outline.unreadable") in codes_of(table)


@pytest.fixture
def dirty(real_data):
    return real_data / "dirty_dev"


@pytest.mark.usefixtures("in_process")
@pytest.mark.real
def test_the_traps_in_shapefiles_are_read_as_their_keeper_says(dirty, tmp_path):
    gbk = read_outlines(dirty / "gbk_shapefile_no_cpg" / "chinese_poly.shp")
    assert gbk.columns["NAME"] == ["黑龙江省"]
    assert gbk.encoding == "gb18030"
    latin = read_outlines(dirty / "latin1_shapefile_no_shx" / "latin1.shp", datum="wgs84")
    assert latin.columns["Name"] == ["Ñandú"]
    for name in ("codepage", "utf"):
        czech = read_outlines(dirty / "shapefile_codepage" / f"{name}.zip")
        assert "Hněvošický háj" in czech.columns["field"]
    assert read_outlines(dirty / "shapefile_codepage" / "utf.zip").columns["field"][0] == "💩"
    crossed = dirty / "shapefile_self_intersecting_no_prj" / "counties.zip"
    with pytest.raises(UndeclaredDatum):
        read_outlines(crossed)
    counties = read_outlines(crossed, datum="wgs84")
    assert len(counties) == 14
    assert (~shapely.is_valid(counties.outlines)).sum() == 9
    bare = read_outlines(dirty / "shapefile_zip_without_dbf" / "no-dbf.zip", datum="wgs84")
    assert len(bare) == 14
    assert bare.columns == {}
    with pytest.raises(UndeclaredDatum):
        read_outlines(dirty / "projected_no_prj" / "lake-man-epsg26943-noprj.shp")
    measured = dirty / "shapefile_z_m"
    shutil.copytree(measured, tmp_path / "zm")
    (tmp_path / "zm" / "mzpolygons.prj").unlink()
    (tmp_path / "zm" / "mzpolygons.qpj").unlink()
    flat = read_outlines(tmp_path / "zm" / "mzpolygons.shp", datum="EPSG:4542")
    assert len(flat) == 2
    assert not shapely.has_z(flat.outlines).any()
    assert codes_of(read_outlines(measured / "linez.shp", datum="wgs84")) == [
        (1, "outline.wrong_type")
    ]


@pytest.mark.usefixtures("in_process")
@pytest.mark.real
def test_the_traps_in_geojson_refuse_their_feature_alone(dirty):
    def refused(name):
        table = read_outlines(dirty / "geojson_invalid" / f"{name}.geojson", datum="wgs84")
        return len(table), [code for _, code in codes_of(table)]

    assert refused("invalid_unclosed") == (1, ["outline.unclosed"])
    assert refused("invalid_less_three_unique_nodes") == (1, ["outline.too_few_points"])
    assert refused("invalid_incorrect_geometry_data_type") == (1, ["outline.wrong_type"])
    assert refused("invalid_exterior_not_ccw") == (1, [])
    assert refused("invalid_interior_not_cw") == (1, [])
    assert refused("valid_featurecollection") == (1, [])
    assert refused("valid_featurecollection_bboxes") == (2, [])
    assert refused("valid_featurecollection_empty_features") == (0, [])
    assert refused("valid_featurecollection_multiple_feature_types") == (
        4,
        ["outline.wrong_type", "outline.wrong_type"],
    )
    for drawing in sorted((dirty / "dxf").iterdir()):
        with pytest.raises(UnsupportedFormat):
            read_outlines(drawing, datum="EPSG:4542")


@pytest.mark.usefixtures("in_process")
@pytest.mark.real
def test_the_traps_in_kml_refuse_their_placemark_alone(dirty):
    def refused(name):
        table = read_outlines(dirty / "kml" / f"{name}.kml", datum="wgs84")
        return [code for _, code in codes_of(table)]

    assert refused("polygon") == []
    assert refused("schema") == []
    assert refused("bad") == ["outline.too_few_points"]
    assert refused("nogeomplacemark") == ["outline.missing"]
    assert refused("extended_data") == ["outline.wrong_type"]
