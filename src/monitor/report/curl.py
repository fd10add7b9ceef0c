"""A witness as a line that can be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from monitor.model.access import DoorKind, Witness
from monitor.model.callers import Credential

_PRESENTED = {
    Credential.TOKEN: ("-H", "Authorization: TOKEN"),
    Credential.API_KEY: ("-H", "x-api-key: KEY"),
    Credential.CLIENT_CERTIFICATE: ("--cert", "CERTIFICATE.pem", "--key", "KEY.pem"),
}


def curl(witness: Witness) -> str:
    """The request as a `curl` command, every part quoted for a POSIX shell.

    What cannot be chosen from a shell stands as a remark: the source address, and the base path
    under which a custom domain leads to the stage.
    """
    words = ["curl", *(["--head"] if witness.method == "HEAD" else ["-X", witness.method])]
    if _is_signed(witness):
        words += ["--aws-sigv4", "aws:amz:REGION:execute-api", "--user", "KEY_ID:SECRET"]
    for name, value in witness.headers.items():
        words += ["-H", f"{name}: {value}"]
    for credential in witness.credentials:
        words += _PRESENTED[credential]
    words.append(f"https://{witness.door.host}{_stage(witness)}{witness.path}")
    line = " ".join(shlex.quote(word) for word in words)
    remarks = ", ".join(_remarks(witness))
    return f"{line}  # {remarks}" if remarks else line


def _stage(witness: Witness) -> str:
    """A custom domain's mapping names the stage, and so does nothing for the `$default` stage."""
    if witness.door.kind is DoorKind.CUSTOM_DOMAIN or witness.stage in ("", "$default"):
        return ""
    return f"/{witness.stage}"


def _remarks(witness: Witness) -> Iterator[str]:
    if _is_signed(witness):
        yield f"signed by {_one_line(witness.principal)}"
    if witness.source_ip:
        yield f"from {witness.source_ip}"
    if witness.door.kind is DoorKind.CUSTOM_DOMAIN:
        yield f"under the domain's base path of stage {_one_line(witness.stage)}"


def _is_signed(witness: Witness) -> bool:
    return witness.principal != "anonymous"


def _one_line(text: str) -> str:
    return " ".join(text.split())
