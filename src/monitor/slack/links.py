"""Addresses of the AWS console.

They are those that the console itself shows; AWS documents none of them. Source for the hosts:
the guides of AWS in China and AWS GovCloud (US).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from monitor.model.api import ApiId
from monitor.model.change import ApiFamily

_HOSTS = {
    "aws": "{region}.console.aws.amazon.com",
    "aws-cn": "{region}.console.amazonaws.cn",
    "aws-us-gov": "{region}.console.amazonaws-us-gov.com",
}
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-\d{1,2}")
_IN_ADDRESS = ":/?#=&%-._~"


def link(url: str, label: str) -> str:
    """`label` is our own; in the address everything is quoted that could end it."""
    return f"<{quote(url, safe=_IN_ADDRESS).replace('&', '&amp;')}|{label}>"


def api_in_console(api: ApiId) -> str | None:
    """The API's page; None where the partition's console is not known, or the id is none."""
    api_id = api.api_id
    if not _ID.fullmatch(api_id):
        return None
    match api.family:
        case ApiFamily.REST:
            path = f"apigateway/main/apis/{api_id}/resources?api={api_id}"
        case ApiFamily.V2:
            path = f"apigateway/main/api-detail?api={api_id}"
        case _:
            path = "apigateway/main/apis?"
    return _console(api, path)


def event_in_console(api: ApiId, event_id: str) -> str | None:
    """The CloudTrail event, which the console shows for 90 days."""
    if not _ID.fullmatch(event_id):
        return None
    return _console(api, "cloudtrailv2/home?", f"#/events/{event_id}")


def _console(api: ApiId, path: str, fragment: str = "") -> str | None:
    host = _HOSTS.get(api.partition)
    if host is None or not _REGION.fullmatch(api.region):
        return None
    joint = "" if path.endswith("?") else "&"
    return f"https://{host.format(region=api.region)}/{path}{joint}region={api.region}{fragment}"
