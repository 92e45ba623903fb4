"""The rules, without a database and without HTTP."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockerline.domain import tracking_code
from lockerline.domain.errors import IllegalMoveError, PickupLockedError
from lockerline.domain.parcel import Size, State
from lockerline.domain.pickup_code import PickupCodes
from lockerline.domain.stay import Stay
from lockerline.domain.storage_fee import storage_fee

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
CODES = PickupCodes(b"k" * 32)
ALLOWED = {
    (State.ANNOUNCED, State.DEPOSITED),
    (State.DEPOSITED, State.COLLECTED),
    (State.DEPOSITED, State.EXPIRED),
    (State.EXPIRED, State.RETURNED),
}


def stay() -> Stay:
    return Stay("LL0000000018", 1, 1, "C-7", NOW, b"")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("wanted", State)
def test_a_parcel_makes_the_moves_of_its_life_and_no_other(state, wanted):
    if (state, wanted) in ALLOWED:
        assert state.move(wanted) is wanted
    else:
        with pytest.raises(IllegalMoveError, match=f"{state} cannot become {wanted}"):
            state.move(wanted)


def test_a_parcel_fits_its_own_size_and_the_larger_ones():
    assert [size.fitting() for size in Size] == [["S", "M", "L"], ["M", "L"], ["L"]]


@pytest.mark.parametrize(
    ("hours", "fee"),
    [
        (-1, "0.00"),
        (0, "0.00"),
        (72, "0.00"),
        (72 + 1 / 3600, "1.50"),
        (96, "1.50"),
        (96 + 1 / 3600, "3.00"),
        (240, "10.50"),
        (72 + 9 * 24 + 1, "15.00"),
        (5000, "15.00"),
    ],
)
def test_each_started_day_after_the_free_ones_costs(hours, fee):
    assert str(storage_fee(datetime.timedelta(hours=hours))) == fee


@given(st.timedeltas(datetime.timedelta(0), datetime.timedelta(days=60)))
def test_a_fee_is_exact_and_never_above_the_limit(stayed):
    fee = storage_fee(stayed)
    assert Decimal("0.00") <= fee <= Decimal("15.00")
    assert fee % Decimal("1.50") == 0
    assert fee <= storage_fee(stayed + datetime.timedelta(hours=1))


@given(st.integers(0, tracking_code.LARGEST_NUMBER))
def test_a_tracking_code_passes_its_own_check(number):
    assert tracking_code.checked(tracking_code.from_number(number))


@given(st.integers(0, tracking_code.LARGEST_NUMBER), st.integers(2, 11), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(number, place, change):
    code = tracking_code.from_number(number)
    digit = (int(code[place]) + change) % 10
    with pytest.raises(ValueError, match="check digit"):
        tracking_code.checked(f"{code[:place]}{digit}{code[place + 1 :]}")


@pytest.mark.parametrize("digits", ["7992739871", "000000000", "123456789"])
def test_the_check_digit_makes_a_sum_that_ends_in_zero(digits):
    number = digits + tracking_code.check_digit(digits)
    doubled = [int(d) * 2 for d in number[-2::-2]]
    assert (sum(map(int, number[-1::-2])) + sum(d - 9 * (d > 9) for d in doubled)) % 10 == 0


@pytest.mark.parametrize("text", ["", "LL", "ll0000000018", "LL000000001\uff18", "LL0000000018\n"])
def test_what_has_not_the_shape_is_no_tracking_code(text):
    with pytest.raises(ValueError, match="LL and ten digits"):
        tracking_code.checked(text)


@pytest.mark.parametrize("number", [-1, tracking_code.LARGEST_NUMBER + 1])
def test_a_number_that_does_not_fit_gets_no_code(number):
    with pytest.raises(ValueError, match="nine digits"):
        tracking_code.from_number(number)


def test_a_parcel_expires_after_ten_days_even_if_nobody_notes_it():
    last = NOW + datetime.timedelta(days=10) - datetime.timedelta(microseconds=1)
    assert stay().state_at(State.DEPOSITED, last) is State.DEPOSITED
    assert stay().state_at(State.DEPOSITED, stay().expires_at) is State.EXPIRED
    assert stay().state_at(State.COLLECTED, stay().expires_at) is State.COLLECTED


def test_a_fee_that_was_paid_does_not_grow():
    paid = Stay("LL0000000018", 1, 1, "C-7", NOW, b"", left_at=NOW, fee=Decimal("0.00"))
    assert paid.fee_at(NOW + datetime.timedelta(days=9)) == 0


def test_the_fifth_wrong_code_locks_for_a_quarter_of_an_hour():
    tried = stay()
    for left in (4, 3, 2, 1):
        tried = tried.after_wrong_code(NOW)
        assert (tried.attempts_left, tried.lock_left(NOW)) == (left, datetime.timedelta(0))
    tried = tried.after_wrong_code(NOW)
    assert tried.lock_left(NOW) == datetime.timedelta(minutes=15)
    later = NOW + datetime.timedelta(minutes=15)
    assert not tried.lock_left(later)
    assert tried.attempts_left == 5


def test_the_wait_is_told_in_whole_seconds_rounded_up():
    error = PickupLockedError(datetime.timedelta(seconds=0.2))
    assert error.members == {"retry_after": 1}


@given(st.integers(0, tracking_code.LARGEST_NUMBER).map(tracking_code.from_number))
def test_a_pickup_code_opens_its_own_parcel(parcel):
    code = CODES.issue(parcel)
    assert len(code) == 6
    assert code.isdecimal()
    assert CODES.issue(parcel) == code
    assert CODES.matches(parcel, code, CODES.digest(parcel, code))


def test_a_digest_confirms_one_code_of_one_parcel_under_one_key():
    parcel, other = "LL0000000018", "LL0000000026"
    digest = CODES.digest(parcel, "123456")
    assert len(digest) == 32
    assert not CODES.matches(parcel, "123457", digest)
    assert not CODES.matches(other, "123456", digest)
    assert not PickupCodes(b"K" * 32).matches(parcel, "123456", digest)


def test_pickup_codes_are_spread_evenly_enough():
    codes = {CODES.issue(tracking_code.from_number(number)) for number in range(2000)}
    assert len(codes) > 1980  # of 2000 drawn from a million about two meet
    assert {code[0] for code in codes} == set("0123456789")


def test_the_key_is_not_in_what_is_printed():
    assert "kkk" not in repr(CODES)
