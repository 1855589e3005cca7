"""Settings come from the command line, else variables, else a file; a wrong one is refused by its name."""

from pathlib import Path

import pytest

from leadback.kit.errors import Refused
from leadback.kit.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LEADBACK_PORT", "abc", "LEADBACK_PORT is wrong: Expected `int`"),
        ("LEADBACK_PORT", "70000", "LEADBACK_PORT is wrong: Expected `int` <= 65535"),
        ("LEADBACK_WEB_WORKERS", "0", "LEADBACK_WEB_WORKERS is wrong: Expected `int` >= 1"),
        ("LEADBACK_LOG_LEVEL", "loud", "LEADBACK_LOG_LEVEL is wrong: Invalid enum value 'loud'"),
        ("LEADBACK_TRUSTED_PROXIES", "10.0.0.1/8", "LEADBACK_TRUSTED_PROXIES is wrong: 10.0.0.1/8 has host bits set"),
        ("LEADBACK_RATE_PER_KEY", "-1", "LEADBACK_RATE_PER_KEY is wrong: Expected `int` >= 0"),
        ("LEADBACK_PUBLIC_URL", "leads.example.com", "LEADBACK_PUBLIC_URL is wrong: 'leads.example.com' is no address"),
        ("LEADBACK_PUBLIC_URL", "ftp://leads.example.com", "It takes one such as https://leads.example.com"),
        ("LEADBACK_PUBLIC_URL", "https://leads.example.com:x", "LEADBACK_PUBLIC_URL is wrong"),
        ("LEADBACK_PUBLIC_URL", "https://leads.example.com/?a=b", "LEADBACK_PUBLIC_URL is wrong"),
        ("LEADBACK_PUBLIC_URL", "https://a b", "LEADBACK_PUBLIC_URL is wrong"),
        ("LEADBACK_PUBLIC_URL", "https://[leads]", "LEADBACK_PUBLIC_URL is wrong"),
        ("LEADBACK_CONFIG", "/nowhere.toml", "LEADBACK_CONFIG names /nowhere.toml, which cannot be read"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        load_settings({}, {name: value})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8400", "http://[::1]:8400", "http://[fe80::1%eth0]:8400", "https://leads.example.com/reports/"],
)
def test_any_address_that_a_web_server_can_have_is_taken(url: str) -> None:
    assert load_settings({}, {"LEADBACK_PUBLIC_URL": url}).public_url == url


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leadback.toml").write_text("prot = 8500\n")
    with pytest.raises(Refused, match="prot"):
        load_settings({}, {"LEADBACK_CONFIG": str(tmp_path / "leadback.toml")})


def test_what_is_given_goes_before_variables_and_these_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "leadback.toml").write_text(
        'host = "::1"\nport = 1\nweb_workers = 1\ntrusted_proxies = ["10.0.0.0/8"]\n'
    )
    variables = {"LEADBACK_CONFIG": str(tmp_path / "leadback.toml"), "LEADBACK_PORT": "2", "LEADBACK_WEB_WORKERS": "2"}
    settings = load_settings({"port": 3, "host": None}, variables)
    assert (settings.port, settings.web_workers, settings.host) == (3, 2, "::1")
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    assert settings.data_dir == Path("leadback-data")
