"""The one thread that interrupts what runs too long."""

import os
import threading
import time

import pytest

from backend_course.lab.watchdog import WATCHDOG, Watchdog


def called_within(watchdog: Watchdog, limit: float, takes: float) -> bool:
    called = threading.Event()
    with watchdog.limit(limit, called.set):
        called.wait(takes)
    return called.is_set()


def test_what_takes_too_long_is_interrupted_and_nothing_else() -> None:
    watchdog = Watchdog()
    assert called_within(watchdog, 0.02, 20)
    assert not called_within(watchdog, 20, 0.02)
    assert called_within(watchdog, 0.02, 20)


def test_a_short_limit_does_not_wait_for_a_long_one() -> None:
    watchdog = Watchdog()
    long = threading.Event()
    with watchdog.limit(60, long.set):
        assert called_within(watchdog, 0.02, 20)
    assert not long.is_set()


def test_who_waits_for_a_cpu_is_not_interrupted_and_who_uses_one_is() -> None:
    watchdog = Watchdog()
    called = threading.Event()
    with watchdog.limit(60, called.set, cpu=0.2):
        time.sleep(0.6)
        assert not called.is_set()
        before = time.process_time()
        while not called.is_set() and time.process_time() < before + 20:
            pass
    assert called.is_set()
    used = time.process_time() - before
    assert used > 0.1  # what was used before the loop is some hundredths
    with watchdog.limit(0.1, called.clear, cpu=60):
        time.sleep(0.5)
    assert not called.is_set()


def test_what_ended_in_time_is_never_interrupted() -> None:
    watchdog = Watchdog()
    late = threading.Event()
    with watchdog.limit(0.1, late.set):
        pass
    assert not late.wait(0.3)


def test_an_error_in_the_block_ends_its_limit() -> None:
    watchdog = Watchdog()
    late = threading.Event()
    with pytest.raises(KeyError), watchdog.limit(0.1, late.set):
        raise KeyError
    assert not late.wait(0.3)


def test_many_limits_need_one_thread_and_do_not_wake_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog = Watchdog()
    assert not called_within(watchdog, 30, 0.1)
    before = threading.active_count()
    monkeypatch.setattr(watchdog._changed, "notify", lambda: pytest.fail("it was woken"))
    for _ in range(1000):
        with watchdog.limit(60, lambda: None):
            pass
    assert threading.active_count() == before


def test_several_threads_each_have_their_limit() -> None:
    watchdog = Watchdog()
    found: dict[float, bool] = {}

    def run(limit: float) -> None:
        found[limit] = called_within(watchdog, limit, 1.0)

    threads = [threading.Thread(target=run, args=(limit,)) for limit in (0.05, 0.1, 60, 61)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0.05: True, 0.1: True, 60: False, 61: False}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # what is tested
def test_a_fork_has_its_own() -> None:
    assert called_within(WATCHDOG, 0.02, 20)
    pid = os.fork()
    if pid == 0:
        started = time.monotonic()
        well = called_within(WATCHDOG, 0.02, 20) and time.monotonic() - started < 10
        os._exit(0 if well else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
