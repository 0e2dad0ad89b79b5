"""Running migrations on a real PostgreSQL: servers, platforms, run modes, the reference runner, catalog snapshots.

Nothing here is needed for linting. Importing these modules is safe without the driver and without the server; opening
a server then says what to install.
"""
