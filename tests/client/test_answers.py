"""The client's answers are the API's, and take what is added later."""

import pytest

from rx_review.api import register_shapes, shapes
from rx_review.client import answers

PAIRS = {
    answers.Words: shapes.Words,
    answers.Spoken: shapes.Spoken,
    answers.Finding: shapes.FindingShape,
    answers.NotJudged: shapes.NotJudgedShape,
    answers.Way: shapes.WayShape,
    answers.Silenced: shapes.Silenced,
    answers.Review: shapes.ReviewShape,
    answers.Checked: shapes.CheckShape,
    answers.Approval: shapes.Approval,
    answers.Queue: shapes.Waiting,
    answers.Standing: shapes.PrescriptionShape,
    answers.Short: shapes.ShortShape,
    answers.Page: shapes.PageShape,
    answers.Gate: shapes.ReleaseShape,
    answers.History: shapes.HistoryShape,
    answers.Token: register_shapes.TokenShape,
    answers.PointedFault: shapes.FaultShape,
    answers.Problem: shapes.ProblemShape,
    answers.BatchEntry: shapes.BatchItem,
    answers.Batch: shapes.BatchShape,
}


def plain(schema, definitions):
    """A schema with its references resolved, without words, and with a list that may grow as the list that it is."""
    if isinstance(schema, list):
        return [plain(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    options = schema.get("anyOf", [])
    if {"type": "string"} in options and any("enum" in option for option in options):
        (schema,) = (option for option in options if "enum" in option)
    dropped = ("title", "description", "additionalProperties", "maxLength", "$defs")
    return {
        key: {name: plain(each, definitions) for name, each in value.items()}
        if key == "properties"
        else plain(value, definitions)
        for key, value in schema.items()
        if key not in dropped
    }


def described(model):
    schema = model.model_json_schema()
    return plain(schema, schema.get("$defs", {}))


@pytest.mark.parametrize("mine", PAIRS, ids=lambda model: model.__name__)
def test_an_answer_is_as_the_api_describes_it(mine):
    assert described(mine) == described(PAIRS[mine])


def test_every_answer_is_compared():
    made = {each for each in vars(answers).values() if isinstance(each, type) and issubclass(each, answers.Answer)}
    assert made - {answers.Answer} == set(PAIRS)


def test_a_difference_would_be_noticed():
    class Other(answers.Gate):
        reviewed: str

    class More(answers.Gate):
        added: int

    assert described(Other) != described(shapes.ReleaseShape)
    assert described(More) != described(shapes.ReleaseShape)


def test_what_is_added_later_does_not_stop_an_old_client():
    told = {"id": "a", "release": True, "prescription": "p", "revision": 1, "content": None, "state": "frozen"}
    told |= {"text": "新状态", "reviewed": False, "token": None, "expires_at": None, "added": {"later": 1}}
    assert answers.Gate.model_validate(told).state == "frozen"
