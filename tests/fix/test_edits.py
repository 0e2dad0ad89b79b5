"""Edits on bytes: order, sharing, overlap."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from driftproof.diagnostic import Applicability, Edit, Fix
from driftproof.edits import apply, merge

DATA = b"0123456789"
EDITS = st.builds(
    lambda start, length, text, order: Edit(start, min(start + length, len(DATA)), text, order),
    st.integers(0, len(DATA)),
    st.integers(0, 3),
    st.text("abc", max_size=3),
    st.integers(0, 2),
)
FIXES = st.lists(
    st.lists(EDITS, min_size=1, max_size=3).map(lambda edits: Fix("x", Applicability.SAFE, tuple(edits))), max_size=6
)


def fix(*edits: Edit) -> Fix:
    return Fix("x", Applicability.SAFE, edits)


def test_insertions_at_one_place_stand_in_their_order() -> None:
    edits, _ = merge([fix(Edit(3, 3, "b", 2)), fix(Edit(3, 3, "a", 1))])
    assert apply(DATA, edits) == b"012ab3456789"


def test_a_shared_edit_is_made_once() -> None:
    heading = Edit(3, 3, "#", 0)
    edits, made = merge([fix(heading, Edit(3, 3, "a", 1)), fix(heading, Edit(3, 3, "b", 2))])
    assert apply(DATA, edits) == b"012#ab3456789"
    assert len(made) == 2


def test_the_later_of_two_overlapping_fixes_waits() -> None:
    edits, made = merge([fix(Edit(1, 4, "x")), fix(Edit(3, 5, "y")), fix(Edit(5, 6, "z"))])
    assert apply(DATA, edits) == b"0x4z6789"
    assert len(made) == 2


@given(FIXES)
def test_a_fix_is_made_whole_or_not_at_all(fixes: list[Fix]) -> None:
    edits, made = merge(fixes)
    assert {edit for one in made for edit in one.edits} == set(edits)
    for one, other in itertools.pairwise(edits):
        assert one.end <= other.start


@given(FIXES)
def test_bytes_outside_the_edits_stay(fixes: list[Fix]) -> None:
    edits, _ = merge(fixes)
    kept = b"".join(
        DATA[start:end]
        for start, end in zip(
            [0, *(edit.end for edit in edits)], [*(edit.start for edit in edits), len(DATA)], strict=True
        )
    )
    result = apply(DATA, edits)
    assert bytes(byte for byte in result if byte in DATA) == kept
