"""The demo's stage: nobody gets a folder or ports that somebody else uses."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dialer.demo.stage import make_secrets, own_folder, working_folder
from dialer.errors import PbxError
from dialer.pbx.free_ports import free_audio_ports, free_tcp_port, free_udp_port


def test_demos_at_the_same_time_get_folders_of_their_own(tmp_path: Path) -> None:
    with own_folder(tmp_path) as first, own_folder(tmp_path) as second:
        assert (first.name, second.name) == ("demo", "demo-2")
    with own_folder(tmp_path) as again:
        assert again == first


def test_a_folder_that_the_demo_did_not_make_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/precious").write_text("mine", encoding="utf-8")
    with pytest.raises(PbxError, match="was not made by the demo"):
        working_folder(tmp_path / "demo", tmp_path)
    assert (tmp_path / "demo/precious").read_text(encoding="utf-8") == "mine"


def test_every_secret_that_a_configuration_names_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    main = tmp_path / "dialer.yaml"
    main.write_text("a: !file secrets/one\nb: !file secrets/two\n", encoding="utf-8")
    make_secrets(main)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    make_secrets(main)
    assert set(first) == {"one", "two"}
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_free_ports_can_be_bound() -> None:
    for kind, port in ((socket.SOCK_STREAM, free_tcp_port()), (socket.SOCK_DGRAM, free_udp_port())):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", port))


def test_ranges_for_audio_avoid_what_is_held_and_what_is_promised() -> None:
    first = free_audio_ports(400)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", first.start))
        second = free_audio_ports(400)
        third = free_audio_ports(400, beside=[second])
    starts = {first.start, second.start, third.start}
    assert len(starts) == 3
    assert all(abs(one - other) >= 400 for one in starts for other in starts - {one})
