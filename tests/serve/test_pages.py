"""What anybody sees who opens the server's address: the first page, its files, and plain refusals."""

import re

import pytest

from leadback import __version__
from tests.support.program import Running

OWN_HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.css", "/static/../app.py", "/schema", "/livez/more"])
def test_an_unknown_address_is_answered_plainly(served: Running, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "There is nothing at this address.\n"
    assert OWN_HEADERS.items() <= dict(answer.headers).items()


def test_a_method_a_page_does_not_take_is_refused(served: Running) -> None:
    with served.client() as client:
        answer = client.put("/sign-in", content=b"x", headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 405
    assert answer.text == "This address does not answer that method.\n"


def test_whoever_comes_first_is_asked_to_sign_in(served: Running) -> None:
    answer = served.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    page = served.get("/sign-in")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert __version__ in page.text


def test_a_page_and_its_style_need_nothing_from_elsewhere(served: Running) -> None:
    page = served.get("/sign-in")
    links = re.findall(r"""(?:href|src)=["']([^"']+)["']""", page.text)
    assert links
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in links)
    for link in links:
        if link.startswith("/static/"):
            answer = served.get(link)
            assert answer.status_code == 200
            assert not re.search(r"@import ['\"]?http|url\(['\"]?(?:https?:)?//", answer.text)
    assert " style=" not in page.text


def test_a_page_may_load_its_own_files_alone_and_stand_in_no_frame(served: Running) -> None:
    rules = served.get("/sign-in").headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in rules
    assert "style-src 'self'" in rules
    assert "script-src 'self'" in rules
    assert "frame-ancestors 'none'" in rules


def test_a_page_asked_for_by_head_is_the_same_without_its_body(served: Running) -> None:
    whole = served.get("/sign-in")
    with served.client() as client:
        head = client.head("/sign-in")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_every_answer_has_a_request_id_of_its_own(served: Running) -> None:
    ids = [served.get(path).headers["x-request-id"] for path in ("/", "/", "/livez", "/nothing")]
    assert len(set(ids)) == len(ids)


def test_the_buyers_address_is_taken_in_any_case(served: Running) -> None:
    lower, mixed = (served.get(path) for path in ("/buyers/api/1/leads.asmx/nix", "/Buyers/API/1/Leads.ASMX/nix"))
    assert lower.text == mixed.text
    assert lower.text != served.get("/nothing").text


@pytest.mark.parametrize("path", ["/", "/livez", "/nothing", "/buyers/api/1/leads.asmx/UpdateLead"])
def test_no_answer_names_other_software(served: Running, path: str) -> None:
    headers = served.get(path).headers
    assert headers.get_list("server") == ["Leadback"]
    assert not {"x-aspnet-version", "x-powered-by", "x-aspnetmvc-version"} & set(headers)
