"""Formats, quantities and schedules, with the verdicts of the API server's own parsers."""

from __future__ import annotations

import pytest

from gitops_tool.rules.api_server import cron, formats, quantity


@pytest.mark.parametrize(
    ("value", "milli"),
    [
        (1, 1000),
        (0.5, 500),
        ("0", 0),
        ("100m", 100),
        ("0.5", 500),
        (".5", 500),
        ("5.", 5000),
        ("1e3", 1_000_000),
        ("1E3", 1_000_000),
        ("1E", 10**21),
        ("1e-3", 1),
        ("1Ki", 1_024_000),
        ("1.5Gi", 1_610_612_736_000),
        ("+1k", 1_000_000),
        ("-1", -1000),
        (" 1Gi ", 1_073_741_824_000),
        ("1n", 1),
        ("Mi", 0),
        ("-", 0),
        ("1e999999999", 10**63),
    ],
)
def test_a_quantity_is_read_in_thousandths_rounded_up(value: object, milli: int) -> None:
    assert quantity.milli(value) == milli


@pytest.mark.parametrize(
    "value", ["", " ", "128mb", "1GB", "1 Gi", "1gi", "1K", "1.2.3", "0x10", "1e", "1e1.5", "\u0661", True, None, []]
)
def test_what_is_no_quantity_is_refused(value: object) -> None:
    assert quantity.milli(value) is None


@pytest.mark.parametrize(
    ("value", "meant"), [("128mb", "128Mi"), ("1GB", "1Gi"), ("1 gib", "1Gi"), ("512K", "512Ki"), ("many", None)]
)
def test_the_quantity_meant_is_guessed(value: str, meant: str | None) -> None:
    assert quantity.meant(value) == meant


@pytest.mark.parametrize(
    "schedule",
    [
        "* * * * *",
        "*/5 1-3,4 ? jan-MAR mon",
        "0 0 1 1 0",
        "5/15 * * * *",
        "1,,2 * * * *",
        ", * * * *",
        "*-5 * * * *",
        "+5 * * * *",
        "\t0  3 * * sun ",
        "@daily",
        "@every 1h30m",
        "@every 1.5s",
        "@every 0",
    ],
)
def test_a_schedule_is_accepted(schedule: str) -> None:
    assert cron.refusal(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("0 0 3 * * *", "expected exactly 5 fields, found 6"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("*/5/5 * * * *", "too many slashes: */5/5"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("mon * * * *", "failed to parse int from mon"),
        ("*/x * * * *", "failed to parse int from x"),
        ("-5 * * * *", "failed to parse int from -5"),
        ("@every 5 minutes", "unrecognized descriptor: @every 5 minutes"),
        ("@reboot", "unrecognized descriptor: @reboot"),
        ("TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    ],
)
def test_a_schedule_is_refused_with_the_reason(schedule: str, why: str) -> None:
    assert cron.refusal(schedule) == why


ACCEPTED = {
    formats.dns_label: ["a", "1", "a-b", "a" * 63],
    formats.dns_1035_label: ["a", "a1", "a-1"],
    formats.dns_subdomain: ["a", "a.b-c.1", "a" * 253],
    formats.ingress_host: ["a.b", "*.a.b", "1.2.3.4.5"],
    formats.path_segment: ["system:x", "A b", "..."],
    formats.qualified_name: ["a", "A_b.c-1", "example.com/a", "a" * 63, f"{'a' * 253}/b"],
    formats.annotation_key: ["Example.COM/a"],
    formats.label_value: ["", "a", "A_b.c-1", "a" * 63],
    formats.port_name: ["http", "a", "8080a", "a-b", "a" * 15],
    formats.env_name: ["A", "a.b-c", "1A", "A B", "~"],
    formats.config_key: ["a", ".a", "A_b-c.d", "a..b"],
    formats.percentage: ["0%", "150%"],
    formats.relative_path: ["a", "a/b", "a..b", ""],
}
REFUSED = {
    formats.dns_label: ["", "A", "a.b", "-a", "a-", "a_b", "a" * 64, "a\n"],
    formats.dns_1035_label: ["1a", "A", "a.b"],
    formats.dns_subdomain: ["", "A", "a..b", ".a", "a_b", "a" * 254],
    formats.ingress_host: ["1.2.3.4", "*", "a.*", "*a.b", "*.*.a", "https://a.b", "a.b:80"],
    formats.path_segment: [".", "..", "a/b", "a%"],
    formats.qualified_name: ["", "a/b/c", "/a", "a/", "A.b/c", "a b", "-a", "a" * 64, f"{'a' * 254}/b"],
    formats.annotation_key: ["a/b/c", "a b"],
    formats.label_value: ["-a", "a b", "a+b", "a" * 64, "a\n"],
    formats.port_name: ["8080", "HTTP", "a_b", "a--b", "-a", "a-", "a" * 16],
    formats.env_name: ["A=b", "ä", "a\n", ""],
    formats.config_key: ["a/b", "a b", "..a", ".", "..", "", "a" * 254],
    formats.percentage: ["1.5%", "%", "5", "-5%", "5 %"],
    formats.relative_path: ["/a", "../a", "a/..", ".."],
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in ACCEPTED.items() for text in texts])
def test_a_format_accepts(check: formats.Format, text: str) -> None:
    assert check(text) is None


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in REFUSED.items() for text in texts])
def test_a_format_refuses(check: formats.Format, text: str) -> None:
    assert check(text)
