"""Branches of several measurements are united by their names; a maximum is only an estimate from below."""

from __future__ import annotations

import pytest

from heroci_action.analysis.coverage import merge_coverage
from heroci_action.results.branches import Branches, unite
from heroci_action.results.coverage import Coverage, FileCoverage


@pytest.mark.parametrize(
    ("one", "two", "united"),
    [
        (Branches(1, 2, ("4",)), Branches(1, 2, ("exit",)), Branches(2, 2, ())),
        (Branches(1, 3, ("4", "5")), Branches(1, 3, ("5", "6")), Branches(2, 3, ("5",))),
        (Branches(1, 2, ("4",)), Branches(1, 2, ("4",)), Branches(1, 2, ("4",))),
        (Branches(1, 2), Branches(1, 2, ("4",)), Branches(1, 2)),
        (Branches(1, 2, ("0:1",)), Branches(1, 2, ("exit",)), Branches(1, 2)),
        (Branches(1, 2, ("4",)), Branches(2, 3, ("9",)), Branches(2, 3)),
        (Branches(1, 2), Branches(2, 2, ()), Branches(2, 2, ())),
    ],
    ids=["all", "some", "none", "no names", "other names", "other numbers", "all of them once"],
)
def test_a_branch_is_taken_if_one_measurement_took_it(
    one: Branches, two: Branches, united: Branches
) -> None:
    assert unite(one, two) == united
    assert unite(two, one) == united


def test_the_branches_of_several_reports_are_united_line_by_line() -> None:
    def measured(missed: str) -> Coverage:
        file = FileCoverage(
            path="a.py",
            covered=(1,),
            covered_branches=1,
            missing_branches=1,
            branches=((1, 1, 2),),
            missed_branches=((1, (missed,)),),
        )
        return Coverage(files=(file,))

    whole = merge_coverage([measured("2"), measured("3")])

    assert whole is not None
    (file,) = whole.files
    assert (file.branches, file.missed_branches) == (((1, 2, 2),), ())
    assert (file.covered_branches, file.missing_branches) == (2, 0)
