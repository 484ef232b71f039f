"""The WSGI application in the ASGI server: everything arrives, nothing is taken in beforehand."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest
from flask import Flask, Response, jsonify, request

from tests.coroutines import finish
from web.wsgi_bridge import WsgiBridge

flask = Flask("echo")
flask.config["MAX_CONTENT_LENGTH"] = 1 << 20


@flask.route("/echo/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
def echo(rest):
    return jsonify(
        {
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode(),
            "body": request.get_data(as_text=True),
            "type": request.content_type,
            "from": request.remote_addr,
            "url": request.url,
            "many": request.headers.get("X-Many"),
            "cookies": dict(request.cookies),
        }
    )


@flask.post("/upload")
def upload():
    return jsonify({name: len(file.read()) for name, file in request.files.items()})


@flask.get("/long")
def long():
    return Response(("x" * 1000 for _ in range(500)), mimetype="text/plain")


@flask.get("/nothing")
def nothing():
    return Response(status=204, headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])


@flask.get("/breaks")
def breaks():
    def pieces():
        yield "begun"
        raise ValueError("in the middle")

    return Response(pieces())


bridge = WsgiBridge(flask, threads=4)


def ask(method, path, **more):
    async def go():
        transport = httpx.ASGITransport(app=bridge)
        async with httpx.AsyncClient(transport=transport, base_url="http://host:8080") as client:
            return await client.request(method, path, **more)

    return finish(go())


def test_method_path_query_and_body_arrive_as_they_were_sent():
    answer = ask("POST", "/echo/甲/%E4%B9%99?q=%20a&b=丙", content="你好".encode()).json()
    assert (answer["method"], answer["path"]) == ("POST", "/echo/甲/乙")
    assert answer["query"] == "q=%20a&b=%E4%B8%99"
    assert answer["body"] == "你好"
    assert answer["url"].startswith("http://host:8080/echo/")
    assert answer["from"] == "127.0.0.1"


def test_a_header_that_comes_twice_is_joined():
    headers = [("X-Many", "1"), ("X-Many", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")]
    answer = ask("GET", "/echo/x", headers=headers).json()
    assert answer["many"] == "1,2"
    assert answer["cookies"] == {"a": "1", "b": "2"}


def test_headers_of_the_same_name_are_answered_both():
    answer = ask("GET", "/nothing")
    assert answer.status_code == 204
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_body_without_a_length_is_read_to_its_end():
    async def go():
        async def pieces():
            for _ in range(5):
                yield b"0123456789"

        transport = httpx.ASGITransport(app=bridge)
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            return await client.post("/echo/x", content=pieces())

    assert finish(go()).json()["body"] == "0123456789" * 5


def test_a_file_is_uploaded_and_one_that_is_too_large_is_refused():
    assert ask("POST", "/upload", files={"photo": b"x" * 500_000}).json() == {"photo": 500_000}
    assert ask("POST", "/upload", files={"photo": b"x" * 2_000_000}).status_code == 413


def test_what_is_refused_by_its_length_is_never_read():
    read = []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    answer = run(scope("POST", "/upload", [(b"content-length", b"9000000")]), receive)
    assert answer[0]["status"] == 413
    assert read == []


def scope(method, path, headers=()):
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=b"), *headers],
        "server": ("host", 80),
        "client": ("127.0.0.1", 1),
    }


def run(given, receive, send=None):
    said = []

    async def keep(message):
        said.append(message)

    finish(bridge(given, receive, send or keep))
    return said


async def an_empty_body():
    return {"type": "http.request", "body": b"", "more_body": False}


def test_a_long_answer_is_not_made_faster_than_it_is_read():
    made, most = [], []

    def wsgi(environ, start_response):
        start_response("200 OK", [])
        for i in range(50):
            made.append(i)
            yield b"x"

    async def slow(message):
        if message.get("body"):
            most.append(len(made))
            await asyncio.sleep(0.001)

    finish(WsgiBridge(wsgi, 1)(scope("GET", "/"), an_empty_body, slow))
    assert len(made) == 50
    assert most[0] <= 2
    assert all(n - i <= 2 for i, n in enumerate(most))


def test_a_streamed_answer_arrives_whole():
    assert len(ask("GET", "/long").content) == 500_000


def test_an_answer_that_breaks_off_is_not_finished():
    said = []

    async def keep(message):
        said.append(message)

    with pytest.raises(ValueError, match="in the middle"):
        finish(bridge(scope("GET", "/breaks"), an_empty_body, keep))
    assert all(message.get("more_body", True) for message in said)


def test_a_client_that_leaves_while_it_sends_frees_its_thread():
    async def gone():
        return {"type": "http.disconnect"}

    before = threading.active_count()
    for _ in range(20):
        answer = run(scope("POST", "/echo/x", [(b"content-length", b"100")]), gone)
        assert answer[0]["status"] >= 400
    assert threading.active_count() <= before + 4


def test_a_path_that_is_no_utf8_is_no_mishap():
    given = scope("GET", "/echo/%ff%fe")
    assert run(given, an_empty_body)[0]["status"] in (200, 400, 404)
