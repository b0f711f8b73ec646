"""GET /places: airports by what people call them."""

from __future__ import annotations

import pytest

from tests.api.conftest import Site, fields_at_fault


def test_a_city_has_its_airports(site: Site) -> None:
    found = site.stranger().get("/places?q=Moscow")
    assert found.status_code == 200
    assert [one["iata"] for one in found.json["airports"]][:3] == ["DME", "SVO", "VKO"]
    assert found.json["airports"][0]["time_zone"] == "Europe/Moscow"
    assert found.json["suggestions"] == []


def test_what_is_not_found_has_suggestions(site: Site) -> None:
    found = site.stranger().get("/places?q=Mskwow").json
    assert found["airports"] == []
    assert isinstance(found["suggestions"], list)


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "q"), ("q=", "q"), ("q=" + "x" * 81, "q"), ("q=a&limit=0", "limit"), ("q=a&limit=21", "limit"),
     ("q=a&q=b", "q"), ("q[$ne]=a", "q[$ne]"), ("q=a&x=1", "x")],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_refused(site: Site, query: str, field: str) -> None:
    answer = site.stranger().get(f"/places?{query}")
    assert answer.status_code == 400
    assert field in fields_at_fault(answer)
