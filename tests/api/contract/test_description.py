"""The description itself: valid, stable in its names, with examples that pass."""

import jsonschema
import pytest

from rx_review.api.description import described
from rx_review.api.examples import EXAMPLES

SENT = {
    "Prescription": ("his", "POST", "/prescriptions", 201),
    "Batch": ("his", "POST", "/prescriptions/batch", 200),
    "DutyEntry": ("lead", "POST", "/duty", 201),
    "PauseEntry": ("lead", "POST", "/pauses", 201),
    "Member": ("administrator", "PUT", "/members/SAMPLE-T02", 201),
    "StaffEntry": ("administrator", "PUT", "/staff/D009", 201),
    "StandingDecision": ("lead", "PUT", "/standing-decisions/PT-2026-9", 201),
}


@pytest.fixture
def tree(world):
    """The description as it is served."""
    return world.http.get("/openapi.json").json()


def test_it_is_openapi_3_1_whose_schemas_are_json_schemas_and_whose_references_lead_somewhere(tree):
    assert tree["openapi"].startswith("3.1")
    schemas = tree["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            for each in node.values():
                yield from references(each)
        elif isinstance(node, list):
            for each in node:
                yield from references(each)

    assert {each.rpartition("/")[2] for each in references(tree)} <= set(schemas)


def test_operations_have_names_that_clients_are_made_from(tree):
    names = [operation["operationId"] for path in tree["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert {"submit_prescription", "submit_batch", "make_move", "get_prescription", "grant_token", "log_in"} <= set(
        names
    )
    assert all(operation["tags"] for path in tree["paths"].values() for operation in path.values())


def test_every_operation_that_needs_a_credential_says_so_and_no_other(tree):
    free = {
        operation["operationId"]
        for path in tree["paths"].values()
        for operation in path.values()
        if operation["security"] == []
    }
    assert free == {
        "grant_token", "log_in", "list_problems", "get_problem", "list_moves", "is_alive", "is_ready", "get_metrics",
    }  # fmt: skip


def test_every_example_keeps_its_schema(world):
    tree = described(world.http.app)
    for name, example in EXAMPLES.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": tree["components"]}
        jsonschema.Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("name", SENT)
def test_every_example_of_a_body_passes(world, name):
    who, method, path, status = SENT[name]
    answer = world.call(who, method, path, EXAMPLES[name])
    assert answer.status_code == status, answer.text
    if name == "Batch":
        assert [each["status"] for each in answer.json()["items"]] == [201]


def test_the_examples_about_a_prescription_pass(world):
    told = world.submit(EXAMPLES["Prescription"])
    path = f"/prescriptions/{told['id']}"
    assert world.call("pharmacist", "PUT", f"{path}/registration", EXAMPLES["Registration"]).status_code == 201
    assert world.ok("his", "POST", f"{path}/moves", EXAMPLES["MoveRequest"])["state"] == "cancelled"
