"""A witness as a line that can be pasted into a shell."""

from __future__ import annotations

import shlex

from monitor.model.access import Witness


def curl(witness: Witness) -> str:
    """The request as a `curl` command, every part quoted for a POSIX shell.

    The source address cannot be chosen from a shell: where it decides, it stands as a remark.
    """
    words = ["curl", "-X", witness.method]
    if witness.principal != "anonymous":
        words += ["--aws-sigv4", "aws:amz:REGION:execute-api", "--user", "KEY_ID:SECRET"]
    for name, value in witness.headers.items():
        words += ["-H", f"{name}: {value}"]
    stage = f"/{witness.stage}" if witness.stage else ""
    words.append(f"https://{witness.door.host}{stage}{witness.path}")
    line = " ".join(shlex.quote(word) for word in words)
    remarks = []
    if witness.principal != "anonymous":
        remarks.append(f"signed by {_one_line(witness.principal)}")
    if witness.source_ip:
        remarks.append(f"from {witness.source_ip}")
    return f"{line}  # {', '.join(remarks)}" if remarks else line


def _one_line(text: str) -> str:
    return " ".join(text.split())
