"""Asks servers over HTTP: a time limit, a few more tries where that helps, no credentials in any message."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ToolError
from gitops_tool.process import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

TIMEOUT = 20.0
"""Seconds until a connection has to stand, and between two pieces of an answer."""

TRIES = 3
BUSY = frozenset({429, 502, 503, 504})
"""The answers after which it makes sense to ask again."""

_LONGEST_WAIT = 30.0
"""Seconds; a server that wants more is not waited for."""


def session(headers: Mapping[str, str] | None = None) -> requests.Session:
    """Return a session for one server."""
    import requests

    from gitops_tool import __version__

    made = requests.Session()
    made.headers["User-Agent"] = f"gitops-tool/{__version__}"
    made.headers.update(headers or {})
    return made


def patient_session() -> requests.Session:
    """Return a session that asks a busy server again by itself, for libraries that only take a session."""
    import requests
    from urllib3.util import Retry

    class Patience(Retry):
        """Waits as long as the server wishes, within reason."""

        def get_retry_after(self, response: Any) -> float | None:
            wished = super().get_retry_after(response)
            return None if wished is None else min(wished, _LONGEST_WAIT)

    patience = Patience(
        total=TRIES - 1,
        backoff_factor=0.5,
        status_forcelist=BUSY,
        allowed_methods=None,
        raise_on_status=False,
        read=False,
    )
    made = session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, requests.adapters.HTTPAdapter(max_retries=patience))
    return made


def ask(client: requests.Session, method: str, url: str, *, tries: int = TRIES, **options: Any) -> requests.Response:
    """Send a request and return the answer, whatever its status; a busy or silent server is asked again.

    Args:
        client: what keeps the connection and the headers.
        method: of HTTP. One that changes something must come with `tries=1`, unless doing it twice does no harm.
        url: where to; without credentials.
        tries: how often to ask at most.
        options: what `requests.Session.request` takes.

    Raises:
        ToolError: no answer came, with the cause.
    """
    import requests

    for number in range(1, tries + 1):
        try:
            answer = client.request(method, url, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            if number == tries or not isinstance(error, requests.ConnectionError | requests.Timeout):
                raise unreachable(url, error) from error
            time.sleep(_pause(number))
            continue
        wait = _wished(answer.headers.get("Retry-After"), number)
        if answer.status_code not in BUSY or number == tries or wait > _LONGEST_WAIT:
            return answer
        answer.close()
        time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _pause(number: int) -> float:
    return float(0.25 * 2**number)


def _wished(value: str | None, number: int) -> float:
    """Return the seconds that a server asks to wait, as a number or a date; a short while if it says nothing."""
    if value is None:
        return _pause(number)
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return _pause(number)


def unreachable(url: str, error: Exception) -> ToolError:
    """Return the error for a server that gave no answer, with the cause in the system's own words."""
    import requests

    hint = "is the network there, and the address right?"
    match error:
        case requests.exceptions.SSLError():
            cause = "its certificate is not trusted"
            hint = "REQUESTS_CA_BUNDLE names a file with the certificates to trust"
        case requests.exceptions.ProxyError():
            cause, hint = "the proxy does not answer", "see HTTPS_PROXY and NO_PROXY"
        case requests.Timeout():
            cause = f"no answer within {TIMEOUT:g} seconds"
        case requests.ConnectionError():
            cause = _root_cause(error)
        case _:
            cause = str(error)
    return ToolError(f'"{redact(url)}" cannot be reached: {redact(cause)}', hint=hint)


def _root_cause(error: BaseException) -> str:
    """Return the system's own words, which urllib3 wraps several times."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return str(seen.strerror).lower()
        if isinstance(seen, ConnectionError) and str(seen):  # as Python's own HTTP client raises it
            return str(seen).lower()
        inner = [one for one in (*seen.args, getattr(seen, "reason", None)) if isinstance(one, BaseException)]
        seen = seen.__cause__ or seen.__context__ or (inner[0] if inner else None)
    return "no connection"
