"""A folder as a store: what a command line keeps from one run to the next.

    findings/<api>.json          the record of an API
    notices/<api>/<sequence>     a notice; with `.told` behind its name once it is told
    notices/<api>/conversation   where the API's incident is told
    exports/<api>/<deployment>   what is kept of a deployment's export, packed behind its hash

`<api>` is `partition/account/region/id`. A file is written beside its place and then moved there,
so that a process that is killed leaves the old file or the new one, never a half.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from monitor.model.api import ApiId
from monitor.model.kept_export import KeptExport
from monitor.stores.documents import seal_export, unseal_export


class FileExports:
    """The port `ExportCache` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "exports"

    def get(self, api: ApiId, deployment_id: str) -> KeptExport | None:
        sealed = read_file(self._path(api, deployment_id))
        return unseal_export(sealed) if sealed is not None else None

    def put(self, api: ApiId, deployment_id: str, kept: KeptExport) -> None:
        write_file(self._path(api, deployment_id), seal_export(kept))

    def _path(self, api: ApiId, deployment_id: str) -> Path:
        return self._folder / api_path(api) / file_name(deployment_id)


def api_path(api: ApiId) -> Path:
    return Path(*map(file_name, (api.partition, api.account_id, api.region, api.api_id)))


def file_name(text: str) -> str:
    """A name that stays in its folder, whatever AWS or a command line called the thing."""
    return quote(text, safe="").replace(".", "%2E") or "%"


def read_file(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def write_file(path: Path, data: bytes) -> None:
    """All of it or nothing, and readable by its owner only: it says who can get in."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    beside.replace(path)
