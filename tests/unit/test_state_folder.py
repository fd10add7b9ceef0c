"""The folder that a command line keeps its state in."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.stores.files import StateFolder, StateHeld, read_file, write_file

HOLD = """
import sys
from pathlib import Path
from monitor.stores.files import StateFolder
StateFolder(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time_holds_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "state")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateHeld):
            StateFolder(tmp_path / "state")
        holder.kill()

    StateFolder(tmp_path / "state").close()  # a holder that was killed holds nothing


def test_a_folder_that_was_closed_can_be_opened_again(tmp_path: Path) -> None:
    StateFolder(tmp_path).close()
    StateFolder(tmp_path).close()


def test_a_file_is_there_wholly_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "file"
    assert read_file(path) is None
    write_file(path, b"old")

    def killed(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, b"new")

    assert read_file(path) == b"old"


def test_what_is_stored_is_for_its_owner_only(tmp_path: Path) -> None:
    write_file(tmp_path / "folder" / "file", b"")

    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "folder" / "file").stat().st_mode) == 0o600
