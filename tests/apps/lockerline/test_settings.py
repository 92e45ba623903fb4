"""The settings: what is read, and how a mistake is told."""

import pytest
from lockerline.settings import Settings, SettingsError

GOOD = {"DATABASE_URL": "postgresql://u:hidden@h/d", "LOCKERLINE_PICKUP_KEY": "k" * 32}


def test_what_is_not_said_has_a_default():
    settings = Settings.from_environment(GOOD)
    assert (settings.pool_size, settings.drain_seconds, settings.log_level) == (10, 0, "INFO")


def test_all_can_be_said():
    settings = Settings.from_environment(
        GOOD
        | {
            "LOCKERLINE_POOL_SIZE": "3",
            "LOCKERLINE_DATABASE_TIMEOUT": "0.5",
            "LOCKERLINE_DRAIN_SECONDS": " 7 ",
            "LOCKERLINE_LOG_LEVEL": "debug",
        }
    )
    assert settings == Settings(
        "postgresql://u:hidden@h/d", b"k" * 32, 3, 0.5, drain_seconds=7, log_level="DEBUG"
    )


def test_secrets_are_not_in_what_is_printed():
    printed = repr(Settings.from_environment(GOOD))
    assert "hidden" not in printed
    assert "kkk" not in printed


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DATABASE_URL", "", "DATABASE_URL is not set. Set it to postgresql://"),
        ("DATABASE_URL", "mysql hidden", "DATABASE_URL is no connection string of PostgreSQL"),
        ("LOCKERLINE_PICKUP_KEY", " ", "LOCKERLINE_PICKUP_KEY is not set"),
        ("LOCKERLINE_PICKUP_KEY", "hidden", "LOCKERLINE_PICKUP_KEY has 6 characters"),
        ("LOCKERLINE_POOL_SIZE", "many", "LOCKERLINE_POOL_SIZE is 'many'. Set it to a whole"),
        ("LOCKERLINE_POOL_SIZE", "0", "from 1 to 1000"),
        ("LOCKERLINE_POOL_SIZE", "2.5", "Set it to a whole number"),
        ("LOCKERLINE_DATABASE_TIMEOUT", "nan", "from 0.1 to 60, or leave it out for 2"),
        ("LOCKERLINE_DRAIN_SECONDS", "-1", "from 0 to 600"),
        ("LOCKERLINE_LOG_LEVEL", "loud", "LOCKERLINE_LOG_LEVEL is 'LOUD'. Set it to one of"),
    ],
)
def test_a_mistake_names_the_variable_and_the_next_step(name, value, message):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(GOOD | {name: value})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)
