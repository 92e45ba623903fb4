"""What the invariants find in outcomes and rows, and how they say it."""

import pytest

from backend_course.check import invariants
from backend_course.check.concurrency import Call, Outcome, Round


def take(connection, who, size):
    pytest.fail("nobody calls it here")


def outcome(who, returned, **more):
    return Outcome(Call(who, take, who=who, size="S"), returned, **more)


def played(*outcomes, rows=(), deadlocks=0):
    return Round(outcomes, lambda query, arguments=None: list(rows), deadlocks)


def told(answer):
    return [(answer.returned, answer.who)] if answer.returned else []


def came(invariant, *outcomes, **more):
    return invariant(played(*outcomes, **more)).came


def test_never_twice_names_the_thing_and_who_has_got_it():
    rule = invariants.never_twice("box")
    assert rule(played(outcome("Ana", 1), outcome("Ben", 2), outcome("Cem", None))) is None
    assert came(rule, outcome("Ana", 1), outcome("Ben", 1)) == "box 1 was given to Ana and Ben"
    three = [outcome(who, 7) for who in ("Ana", "Ben", "Cem")]
    assert came(rule, *three) == "box 7 was given to Ana, Ben and Cem"
    assert came(rule, *three, outcome("Dia", 7)) == "box 7 was given to Ana, Ben and 2 others"


def test_never_twice_looks_into_lists():
    rule = invariants.never_twice("box")
    assert rule(played(outcome("job 1", [1, 2]), outcome("job 2", []))) is None
    both = [outcome("job 1", [1, 2]), outcome("job 2", [2])]
    assert came(rule, *both) == "box 2 was given to job 1 and job 2"


def test_an_answer_that_is_not_in_the_table():
    rule = invariants.answers_stand("SELECT", told)
    assert rule(played(outcome("Ana", 1), outcome("Ben", None), rows=[(1, "Ana")])) is None
    assert came(rule, outcome("Ana", 1), rows=[(1, "Ben")]) == (
        "Ana was told 1, and (1, 'Ana') is not in the table, which has (1, 'Ben')"
    )
    assert came(rule, outcome("Ana", [1])).endswith("in the table, which has no such rows")


def test_a_row_that_nobody_was_told_of():
    rule = invariants.answers_stand("SELECT", told)
    rows = [(1, "Ana"), (2, "Ana")]
    assert came(rule, outcome("Ana", 1), rows=rows) == (
        "the table has (2, 'Ana'), and nobody was told so"
    )


def test_a_row_that_several_were_told_of():
    rule = invariants.answers_stand("SELECT", lambda answer: [(answer.returned,)], shared=True)
    both = [outcome("Ana", 1), outcome("Ben", 1)]
    assert rule(played(*both, rows=[(1,)])) is None
    assert came(rule, *both, rows=[(1,), (2,)]) == "the table has (2,), and nobody was told so"
    assert came(rule, *both) == (
        "Ana was told 1, and (1,) is not in the table, which has no such rows"
    )


def test_who_asks_for_the_same_is_told_the_same():
    rule = invariants.same_answer("who")
    assert rule(played(outcome("Ana", 1), outcome("Ben", 2), outcome("Ana", 1))) is None
    assert came(rule, outcome("Ana", 1), outcome("Ben", 2), outcome("Ana", 2)) == (
        "Ana was told 1, Ana was told 2"
    )
    assert came(invariants.same_answer(), outcome("Ana", 1), outcome("Ben", 2)) == (
        "Ana was told 1, Ben was told 2"
    )


def test_the_rows_of_a_table():
    rule = invariants.table_is("SELECT", [(1,), (2,)])
    assert rule(played(rows=[(2,), (1,)])) is None
    assert came(rule, rows=[(1,), (1,), (2,)]) == "(1,) is in the table 2 times"
    assert came(rule, rows=[(1,), (2,), (3,)]) == "(3,) is in the table once"
    assert came(rule, rows=[(1,)]) == "(2,) is not in the table"
    assert rule(played(rows=[(3,)])).expected == "0 times, however many calls there are"


@pytest.mark.parametrize("refusal", [None, False])
def test_a_refusal_while_there_was_something(refusal):
    rule = invariants.no_refusal_while("SELECT", "box")
    assert rule(played(outcome("Ana", refusal))) is None
    assert rule(played(outcome("Ana", 3), rows=[(5,)])) is None
    assert came(rule, outcome("Ana", refusal), rows=[(5,)]) == (
        f"take(connection, 'Ana', 'S') gave {refusal}, while box 5 was free, and still is"
    )


def test_who_had_to_wait():
    rule = invariants.nobody_waits()
    assert rule(played(outcome("Ana", 1))) is None
    assert came(rule, outcome("Ana", 1), outcome("Ben", 2, waited=True)) == (
        "Ben had to wait for a row that somebody else has locked"
    )


def test_a_deadlock_that_the_caller_has_hidden():
    rule = invariants.no_deadlock()
    assert rule(played(outcome("Ana", True))) is None
    assert came(rule, outcome("Ana", True), deadlocks=2) == (
        "PostgreSQL broke 2 deadlocks, says its log"
    )
