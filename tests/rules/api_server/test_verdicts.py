"""The rules agree with the API server's own code.

`verdicts.jsonl` holds valid objects with one or two fields changed at random. What `accepted` lists
are the versions whose `rest.BeforeCreate`, with the strategy of the object's kind from
k8s.io/kubernetes v1.31.14 and v1.37.2, took the object after decoding, defaulting and conversion;
`refusal` is what v1.37.2 said where none took it. Objects that only a schema can refuse are left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .checking import errors

VERDICTS = [json.loads(line) for line in Path(__file__).with_name("verdicts.jsonl").read_text().splitlines()]
ACCEPTED = [verdict for verdict in VERDICTS if verdict["accepted"]]
REFUSED = [verdict for verdict in VERDICTS if not verdict["accepted"]]


def label(verdict: dict[str, Any]) -> str:
    return str(verdict["object"]["kind"])


def test_there_are_verdicts_of_both_kinds() -> None:
    assert len(ACCEPTED) >= 150
    assert len(REFUSED) >= 120


@pytest.mark.parametrize("verdict", ACCEPTED, ids=label)
def test_what_an_api_server_accepts_is_no_error(verdict: dict[str, Any]) -> None:
    assert list(errors(verdict["object"])) == []


@pytest.mark.parametrize("verdict", REFUSED, ids=label)
def test_what_every_api_server_refuses_is_an_error(verdict: dict[str, Any]) -> None:
    assert list(errors(verdict["object"])) != [], verdict["refusal"]
