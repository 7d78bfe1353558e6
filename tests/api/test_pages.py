"""The API's pages are whole, are what their makers published, and ask nobody outside."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import rx_review.api
from rx_review.api import pages

PACKAGE = Path(rx_review.api.__file__).parent
VENDOR = PACKAGE / "vendor"


@pytest.fixture
def client():
    app = FastAPI(title="审方 <test>", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    pages.offline_docs(app)
    with TestClient(app) as client:
        yield client


def test_each_vendored_file_is_listed_with_its_hash():
    listed = {
        f"{package['folder']}/{name}": digest
        for package in json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
        for name, digest in package["files"].items()
    }
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.json"
    }
    assert found == listed


def test_each_vendored_package_comes_with_its_licence():
    for package in json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8")):
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        assert package["license"] == "Apache-2.0"
        assert {"LICENSE", "NOTICE"} <= set(package["files"])


def test_the_page_asks_only_for_files_that_are_here(client):
    answer = client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>审方 &lt;test&gt;</title>" in answer.text
    asked = re.findall(r'(?:src|href|data-openapi)="([^"]*)"', answer.text)
    assert len(asked) == 6
    for address in set(asked) - {"data:,"}:
        assert not re.match(r"/|[a-z]+:", address)
        assert client.get(f"/{address}").status_code == 200
    assert "://" not in answer.text


def test_no_script_stands_in_the_page_and_the_policy_forbids_it(client):
    answer = client.get("/docs")
    assert re.findall(r"<script(?! src=)|<style| on\w+=| style=", answer.text) == []
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_files_are_sent_as_what_they_are_and_nothing_else_is(client):
    for name, (path, media_type) in pages.FILES.items():
        answer = client.get(f"/docs/{name}")
        assert answer.content == path.read_bytes()
        assert answer.headers["content-type"].split(";")[0] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("vendor.json", "LICENSE", "../pages.py", "%2e%2e/pages.py"):
        assert client.get(f"/docs/{name}").status_code == 404


def test_the_pages_are_no_part_of_the_contract(client):
    assert client.get("/v1/openapi.json").json()["paths"] == {}
