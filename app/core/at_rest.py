"""Whether a directory lies on storage that is encrypted, as far as Linux can tell.

Looks and changes nothing. What it cannot see through (a container's overlay, ZFS, a cloud disk, a
disk that encrypts by itself) it does not call encrypted: there the operator must know.
"""

import re
import struct
from dataclasses import dataclass
from fcntl import ioctl
from os import O_DIRECTORY, O_RDONLY, close
from os import open as open_file
from pathlib import Path

_FILESYSTEMS = frozenset(
    {"ecryptfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.securefs", "fuse.encfs"}
)
# dm-crypt; cryptsetup also makes CRYPT-VERITY and CRYPT-INTEGRITY, which encrypt nothing.
_DM_CRYPT = re.compile(r"CRYPT-(LUKS1|LUKS2|PLAIN|LOOPAES|TCRYPT|BITLK|FVAULT2)-")
_OCTAL = re.compile(r"\\([0-7]{3})")
_GET_FLAGS = 0x80086601  # FS_IOC_GETFLAGS of 64-bit Linux
_ENCRYPTED_FLAG = 0x800  # FS_ENCRYPT_FL, of fscrypt
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Mount:
    device: str
    """Its number, `major:minor`."""
    point: Path
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Machine:
    """Where Linux tells of mounts and devices."""

    mounts: Path = Path("/proc/self/mountinfo")
    sys: Path = Path("/sys")

    def encryption_of(self, directory: Path) -> str | None:
        """What encrypts it, for people to read; None where nothing is known to."""
        existing = next(path for path in (directory, *directory.parents) if path.exists()).resolve()
        if _has_fscrypt(existing):
            return "fscrypt"
        mount = self.mount_of(existing)
        if mount is None:
            return None
        if mount.kind in _FILESYSTEMS:
            return mount.kind.removeprefix("fuse.")
        devices = self._devices_of(mount)
        names = {self._cipher_of(device, 0) for device in devices}
        return None if None in names or not names else ", ".join(sorted(filter(None, names)))

    def mount_of(self, path: Path) -> Mount | None:
        """The innermost; of several on one point the last, which covers the others."""
        try:
            lines = self.mounts.read_text(errors="surrogateescape").splitlines()
        except OSError:
            return None
        over = [mount for line in lines if (mount := _mount(line)) and _holds(mount, path)]
        return max(reversed(over), key=lambda mount: len(mount.point.parts), default=None)

    def _devices_of(self, mount: Mount) -> list[Path]:
        """All that the file system lies on; none where that cannot be told."""
        numbered = self.sys / "dev" / "block" / mount.device
        if numbered.exists():
            return [numbered.resolve()]
        if mount.kind != "btrfs":
            return []
        name = Path(mount.source).resolve().name
        for file_system in (self.sys / "fs" / "btrfs").glob("*/devices"):
            members = list(file_system.iterdir())
            if name in {member.name for member in members}:
                return [member.resolve() for member in members]
        return []

    def _cipher_of(self, device: Path, depth: int) -> str | None:
        """Of the device, or of every one beneath it: logical volumes, RAID, partitions."""
        kind = _read(device / "dm" / "uuid")
        if found := _DM_CRYPT.match(kind):
            return f"dm-crypt ({found[1]})"
        if depth > _DEEPEST:
            return None
        if (device / "partition").exists():
            return self._cipher_of(device.parent, depth + 1)
        slaves = device / "slaves"
        beneath = list(slaves.iterdir()) if slaves.is_dir() else []
        ciphers = {self._cipher_of(slave.resolve(), depth + 1) for slave in beneath}
        return None if None in ciphers or not ciphers else ", ".join(sorted(filter(None, ciphers)))


def encryption_of_data(data_dir: Path, machine: Machine | None = None) -> str | None:
    """Of the directory and of what in it is large and may be a mount of its own."""
    looked_at = machine or Machine()
    places = [data_dir.absolute() / part for part in ("", "postgres", "asr-jobs", "tmp")]
    names = [looked_at.encryption_of(place) for place in places]
    return None if None in names else ", ".join(sorted({name for name in names if name}))


def _mount(line: str) -> Mount | None:
    """A line of mountinfo: fields, ` - `, the kind, the source and options."""
    left, dash, right = line.partition(" - ")
    fields, rest = left.split(" "), right.split(" ")
    if not dash or len(fields) < 6 or len(rest) < 2:
        return None
    return Mount(fields[2], Path(_unescaped(fields[4])), rest[0], _unescaped(rest[1]))


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)


def _holds(mount: Mount, path: Path) -> bool:
    return path == mount.point or mount.point in path.parents


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _has_fscrypt(directory: Path) -> bool:
    """What is made in such a directory is encrypted as well."""
    try:
        opened = open_file(directory, O_RDONLY | O_DIRECTORY)
    except OSError:
        return False
    try:
        flags = ioctl(opened, _GET_FLAGS, struct.pack("l", 0))
    except OSError:
        return False
    finally:
        close(opened)
    return bool(struct.unpack("l", flags)[0] & _ENCRYPTED_FLAG)
