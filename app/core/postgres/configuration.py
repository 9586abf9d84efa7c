"""How the embedded server is set up: for one small machine, and closed to everyone but Parley."""

from pathlib import Path

SUPERUSER = "parley_superuser"
PORT = 5432  # part of the socket's name only: nothing listens on TCP

# Written once, into postgresql.conf, for the operator to tune.
_TUNABLE = {
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    # A container's /dev/shm, 64 MB by default, is too small for parallel plans.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Given at every start, and so stronger than postgresql.conf.
_FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
_THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def initdb_arguments(directory: str, *, durable: bool) -> list[str]:
    """The password is read from standard input."""
    return [
        f"--pgdata={directory}",
        f"--username={SUPERUSER}",
        "--pwfile=/dev/stdin",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--lc-ctype=C.UTF-8",  # pg_trgm asks the C library what a letter is
        "--data-checksums",
        *(f"--set={name}={value}" for name, value in _TUNABLE.items()),
        *([] if durable else ["--no-sync"]),
    ]


def server_arguments(
    directory: str, socket_dir: Path | None, tag: str, *, durable: bool
) -> list[str]:
    """Without `socket_dir` the socket lies in the data directory itself."""
    settings = {
        **_FIXED,
        **(_DURABLE if durable else _THROWAWAY),
        "unix_socket_directories": "." if socket_dir is None else f'"{socket_dir}"',
        "cluster_name": tag,
    }
    arguments = ["-D", directory]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    return arguments
