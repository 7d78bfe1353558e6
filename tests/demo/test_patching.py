"""A proposed change put on a sheet."""

import pytest

from rx_review.demo.patching import patched_tree


@pytest.mark.parametrize(
    ("edits", "after"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ([{"op": "replace", "path": "/a/1", "value": 9}], {"a": [1, 9]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        (
            [{"op": "add", "path": "/b", "value": {"c/": 1}}, {"op": "remove", "path": "/b/c~1"}],
            {"a": [1, 2], "b": {}},
        ),
    ],
)
def test_the_three_operations_of_a_patch(edits, after):
    before = {"a": [1, 2]}
    assert patched_tree(before, edits) == after
    assert before == {"a": [1, 2]}


def test_a_path_that_leads_nowhere_is_not_made_up():
    with pytest.raises(LookupError):
        patched_tree({"a": []}, [{"op": "remove", "path": "/a/0"}])
