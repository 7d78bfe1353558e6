"""The example of the package's docstring runs as it stands, on the real service."""

import doctest

from tests.client.conftest import SECRET

import rx_review.client


def test_the_example_runs_as_printed(world, served):
    world.decided()
    world.on_duty()
    names = {"address": served, "his_secret": SECRET, "till_secret": SECRET, "prescription": world.sheet()}
    example = doctest.DocTestParser().get_doctest(rx_review.client.__doc__, names, "example", None, None)
    assert len(example.examples) >= 7
    report = []
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append).failed
    assert failed == 0, "".join(report)
