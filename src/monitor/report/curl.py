"""A witness as a line that can be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from monitor.model.access import DoorKind, Witness
from monitor.model.callers import Credential

_PRESENTED = {
    Credential.TOKEN: ["-H", "Authorization: TOKEN"],
    Credential.API_KEY: ["-H", "x-api-key: KEY"],
    Credential.CLIENT_CERTIFICATE: ["--cert", "CERTIFICATE.pem", "--key", "KEY.pem"],
}


def curl(witness: Witness) -> str:
    """The request as a `curl` command, every part quoted for a POSIX shell.

    What cannot be chosen from a shell stands as a remark: the source address, and the base path
    under which a custom domain leads to the stage.
    """
    url = f"https://{witness.door.host}{_stage(witness)}{witness.path}"
    line = " ".join(curl_parts(witness, url, region="REGION", headers=witness.headers))
    remarks = ", ".join(_remarks(witness))
    return f"{line}  # {remarks}" if remarks else line


def curl_parts(
    witness: Witness, url: str, *, region: str, headers: Mapping[str, str | None]
) -> list[str]:
    """The command, quoted, in pieces between which a line may be broken.

    `headers`: those of the witness, and None for one that curl shall not send of its own accord.
    """
    options = [["curl", "-i", *_method(witness.method)]]
    options += (["-H", _header(name, value)] for name, value in headers.items())
    options += (_PRESENTED[credential] for credential in witness.credentials)
    if _is_signed(witness):
        options.append(["--aws-sigv4", f"aws:amz:{region}:execute-api"])
        options.append(["--user", "KEY_ID:SECRET"])
    return [shlex.join(option) for option in (*options, [url])]


def _method(method: str) -> list[str]:
    if method == "HEAD":
        return ["--head"]
    return [] if method == "GET" else ["-X", method]


def _header(name: str, value: str | None) -> str:
    """A colon alone keeps curl from sending a header of its own, a semicolon sends it empty."""
    if value is None:
        return f"{name}:"
    return f"{name}: {value}" if value else f"{name};"


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
