"""What is called encrypted, on machines drawn as Linux draws them in /proc and /sys."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.core.at_rest import Machine, encryption_of_data

LUKS = "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-data"


class Drawn:
    """A machine of mounts and block devices under one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "srv" / "parley data"
        self.data.mkdir(parents=True)
        (root / "sys" / "dev" / "block").mkdir(parents=True)
        self._lines: list[str] = []

    @property
    def machine(self) -> Machine:
        mounts = self.root / "mountinfo"
        mounts.write_text("".join(f"{line}\n" for line in self._lines))
        return Machine(mounts, self.root / "sys")

    def mount(self, point: Path, device: str, kind: str = "ext4", source: str = "/dev/x") -> None:
        escaped = str(point).replace(" ", "\\040")
        self._lines.append(f"36 25 {device} / {escaped} rw,noatime shared:1 - {kind} {source} rw")

    def device(
        self,
        name: str,
        number: str | None = None,
        *,
        dm: str | None = None,
        on: Sequence[Path] = (),
        partition_of: Path | None = None,
    ) -> Path:
        parent = partition_of or self.root / "sys" / "devices" / "block"
        folder = parent / name
        (folder / "slaves").mkdir(parents=True)
        if partition_of:
            (folder / "partition").write_text("1\n")
        if dm is not None:
            (folder / "dm").mkdir()
            (folder / "dm" / "uuid").write_text(f"{dm}\n")
        for beneath in on:
            (folder / "slaves" / beneath.name).symlink_to(beneath)
        if number:
            (self.root / "sys" / "dev" / "block" / number).symlink_to(folder)
        return folder


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    return Drawn(tmp_path)


def test_a_plain_disk_is_not_encrypted(drawn: Drawn) -> None:
    drawn.device("sda", "8:0")
    drawn.mount(Path("/"), "8:0")
    assert drawn.machine.encryption_of(drawn.data) is None


def test_luks_on_the_device_itself_is(drawn: Drawn) -> None:
    disk = drawn.device("sda")
    drawn.device("dm-0", "253:0", dm=LUKS, on=[disk])
    drawn.mount(Path("/"), "253:0")
    assert drawn.machine.encryption_of(drawn.data) == "dm-crypt (LUKS2)"


def test_a_logical_volume_on_luks_is(drawn: Drawn) -> None:
    crypt = drawn.device("dm-0", dm=LUKS)
    drawn.device("dm-1", "253:1", dm="LVM-abc", on=[crypt])
    drawn.mount(Path("/"), "253:1")
    assert drawn.machine.encryption_of(drawn.data) == "dm-crypt (LUKS2)"


def test_a_volume_or_raid_with_one_plain_member_is_not(drawn: Drawn) -> None:
    members = [drawn.device("dm-0", dm=LUKS), drawn.device("sdb")]
    drawn.device("md0", "9:0", on=members)
    drawn.mount(Path("/"), "9:0")
    assert drawn.machine.encryption_of(drawn.data) is None


def test_a_raid_whose_members_all_are_is(drawn: Drawn) -> None:
    members = [drawn.device("dm-0", dm=LUKS), drawn.device("dm-1", dm=LUKS)]
    drawn.device("md0", "9:0", on=members)
    drawn.mount(Path("/"), "9:0")
    assert drawn.machine.encryption_of(drawn.data) == "dm-crypt (LUKS2)"


def test_a_partition_is_what_its_disk_is(drawn: Drawn) -> None:
    raid = drawn.device("md0", on=[drawn.device("dm-0", dm=LUKS)])
    drawn.device("md0p1", "259:1", partition_of=raid)
    drawn.mount(Path("/"), "259:1")
    assert drawn.machine.encryption_of(drawn.data) == "dm-crypt (LUKS2)"


@pytest.mark.parametrize(
    "uuid",
    [
        "CRYPT-VERITY-0123-data",
        "CRYPT-INTEGRITY-0123-data",
        "CRYPT-SUBDEV-0123-data",
        "LVM-CRYPT-LUKS2-",
        "mpath-3600",
        "",
    ],
)
def test_what_only_checks_or_maps_is_not(drawn: Drawn, uuid: str) -> None:
    drawn.device("dm-0", "253:0", dm=uuid)
    drawn.mount(Path("/"), "253:0")
    assert drawn.machine.encryption_of(drawn.data) is None


def test_the_innermost_mount_counts_and_of_two_on_one_point_the_last(drawn: Drawn) -> None:
    drawn.device("dm-0", "253:0", dm=LUKS)
    drawn.device("sdb", "8:16")
    drawn.mount(Path("/"), "253:0")
    assert drawn.machine.encryption_of(drawn.data) is not None
    drawn.mount(drawn.data, "8:16")
    assert drawn.machine.encryption_of(drawn.data) is None
    drawn.mount(drawn.data, "253:0")
    assert drawn.machine.encryption_of(drawn.data) is not None
    drawn.mount(drawn.data.with_name("parley"), "8:16")
    assert drawn.machine.encryption_of(drawn.data) is not None


def test_a_directory_that_is_still_to_be_made_is_where_its_parent_is(drawn: Drawn) -> None:
    drawn.device("dm-0", "253:0", dm=LUKS)
    drawn.mount(drawn.data, "253:0")
    assert drawn.machine.encryption_of(drawn.data / "not" / "yet") == "dm-crypt (LUKS2)"


def test_a_link_is_followed(drawn: Drawn) -> None:
    drawn.device("dm-0", "253:0", dm=LUKS)
    drawn.mount(Path("/"), "8:0")
    drawn.mount(drawn.data, "253:0")
    link = drawn.root / "link"
    link.symlink_to(drawn.data)
    assert drawn.machine.encryption_of(link) == "dm-crypt (LUKS2)"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ecryptfs", "ecryptfs"),
        ("fuse.gocryptfs", "gocryptfs"),
        ("fuse.sshfs", None),
        ("overlay", None),
        ("tmpfs", None),
        ("zfs", None),
        ("nfs4", None),
    ],
)
def test_file_systems_that_encrypt_are_known_by_their_kind(
    drawn: Drawn, kind: str, name: str | None
) -> None:
    drawn.mount(Path("/"), "0:40", kind, source="none")
    assert drawn.machine.encryption_of(drawn.data) == name


@pytest.mark.parametrize(("second", "name"), [(LUKS, "dm-crypt (LUKS2)"), ("LVM-abc", None)])
def test_btrfs_is_encrypted_where_every_one_of_its_devices_is(
    drawn: Drawn, second: str, name: str | None
) -> None:
    members = [drawn.device("dm-0", dm=LUKS), drawn.device("dm-1", dm=second)]
    folder = drawn.root / "sys" / "fs" / "btrfs" / "some-uuid" / "devices"
    folder.mkdir(parents=True)
    for member in members:
        (folder / member.name).symlink_to(member)
    drawn.mount(Path("/"), "0:33", "btrfs", source="/dev/dm-0")
    assert drawn.machine.encryption_of(drawn.data) == name


@pytest.mark.parametrize("part", ["postgres", "asr-jobs", "tmp"])
def test_what_is_large_may_lie_elsewhere_than_the_rest(drawn: Drawn, part: str) -> None:
    drawn.device("dm-0", "253:0", dm=LUKS)
    drawn.device("sdb", "8:16")
    drawn.mount(Path("/"), "253:0")
    assert encryption_of_data(drawn.data, drawn.machine) == "dm-crypt (LUKS2)"
    (drawn.data / part).mkdir()
    drawn.mount(drawn.data / part, "8:16")
    assert encryption_of_data(drawn.data, drawn.machine) is None


@pytest.mark.parametrize(
    "content", ["", "rubbish\n", "1 2 3 4 5 6 - \n", "36 25 8:0\n", "\udcff\n"]
)
def test_a_list_of_mounts_that_cannot_be_read_proves_nothing(tmp_path: Path, content: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(content.encode(errors="surrogateescape"))
    assert Machine(mounts, tmp_path).encryption_of(tmp_path) is None
    assert Machine(tmp_path / "nothing", tmp_path).encryption_of(tmp_path) is None


def test_devices_that_lie_on_each_other_end(drawn: Drawn) -> None:
    first = drawn.device("dm-0", "253:0", dm="LVM-a")
    second = drawn.device("dm-1", dm="LVM-b", on=[first])
    (first / "slaves" / "dm-1").symlink_to(second)
    drawn.mount(Path("/"), "253:0")
    assert drawn.machine.encryption_of(drawn.data) is None


def test_this_machine_is_asked_without_an_error() -> None:
    assert Machine().encryption_of(Path("/proc")) is None
