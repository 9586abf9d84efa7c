"""Why the embedded PostgreSQL cannot serve. Every message is a sentence for whoever runs Parley."""

from app.core.errors import Conflict, Unavailable


class DataDirectoryInUse(Conflict):
    code = "data_directory_in_use"


class DataDirectoryUnusable(Unavailable):
    code = "data_directory_unusable"


class DatabaseNotStarted(Unavailable):
    code = "database_not_started"


class DatabaseLost(Unavailable):
    code = "database_lost"
