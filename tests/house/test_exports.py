"""What a package offers is written down: each public name of an `__init__` stands, sorted, in `__all__`."""

import ast
import importlib

import pytest


def public_names(source: str) -> set[str]:
    """The public names that a module binds at its top."""
    names = set()
    for node in ast.parse(source).body:
        match node:
            case ast.ImportFrom(module="__future__"):
                continue
            case ast.Import(names=taken) | ast.ImportFrom(names=taken):
                names |= {(name.asname or name.name).split(".")[0] for name in taken}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def offered(source: str) -> list[str] | None:
    """`__all__` as written, or None where there is none."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def faults(source: str) -> list[str]:
    """What is wrong with the `__all__` of a package's `__init__`."""
    names, listed = public_names(source), offered(source)
    if listed is None:
        return [f"no __all__ for {sorted(names)}"] if names else []
    # CONSTANTS, then Classes, then functions, as ruff sorts them.
    in_order = sorted(listed, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    found = [f"{name} is not in __all__" for name in sorted(names - set(listed))]
    if listed != in_order or len(set(listed)) < len(listed):
        found.append(f"__all__ is not sorted: {in_order}")
    return found


def test_every_public_name_is_listed(modules):
    wrong = {
        str(path): found for path, text in modules.items() if path.name == "__init__.py" and (found := faults(text))
    }
    assert wrong == {}


def test_every_listed_name_exists(modules):
    missing = []
    for path, text in modules.items():
        if path.name == "__init__.py" and (listed := offered(text)):
            package = importlib.import_module(".".join(["rx_review", *path.parent.parts]))
            missing += [f"{path}: {name}" for name in listed if not hasattr(package, name)]
    assert missing == []


@pytest.mark.parametrize(
    "source",
    [
        "from rx_review.engine.review import review",
        "from rx_review.engine.review import review\n__all__ = []",
        "__all__ = ['review', 'Review']",
        "__all__ = ['review', 'review']",
        "class Review: ...",
        "LIMIT: int = 3\n__all__ = ['review']",
    ],
)
def test_a_wrong_list_is_noticed(source):
    assert faults(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Nothing is offered."""',
        "from __future__ import annotations\n_private = 1",
        "from a import Drug, MOST, review\n__all__ = ['MOST', 'Drug', 'review']",
    ],
)
def test_a_right_list_is_left_alone(source):
    assert faults(source) == []
