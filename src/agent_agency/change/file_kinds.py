"""What a path tells of its file: a database migration, a declaration of dependencies, a pipeline."""

from __future__ import annotations

import re

from agent_agency.change.governance_paths import CI, GovernedPaths

_MIGRATION_FOLDERS = re.compile(
    r"(?:^|/)(?:migrations?|db/migrate|alembic/versions|migrate/versions|flyway|liquibase|db/changelog|prisma/migrations)/"
    r"(?:.*/)?[^/]+\.(?:py|sql|rb|js|ts|go|xml|ya?ml|json|php|java|kt|cs)$"
)
_MIGRATION_NAMES = re.compile(r"(?:^|/)(?:V\d[\w.]*__[\w-]+\.(?:sql|java)|\d{8,14}_[\w-]+\.(?:up|down)\.sql)$")
_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|pipfile(?:\.lock)?"
    r"|poetry\.lock|uv\.lock|pdm\.lock|conda[\w.-]*\.ya?ml|environment\.ya?ml|package(?:-lock)?\.json|npm-shrinkwrap\.json"
    r"|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock|cargo\.(?:toml|lock)|go\.(?:mod|sum)|gemfile(?:\.lock)?"
    r"|[\w.-]+\.gemspec|composer\.(?:json|lock)|pom\.xml|build\.gradle(?:\.kts)?|gradle\.lockfile|libs\.versions\.toml"
    r"|mix\.(?:exs|lock)|pubspec\.(?:yaml|lock)|package\.resolved|packages\.lock\.json|[\w.-]+\.csproj)$"
)


class FileKinds:
    """Tells kinds of files by their paths, without regard to letter case."""

    def __init__(self) -> None:
        self._governed = GovernedPaths()

    @staticmethod
    def is_migration(path: str) -> bool:
        """Whether the place is that of a database migration in a common framework (Django, Alembic, Rails, Flyway…)."""
        if path.endswith("__init__.py"):
            return False
        return bool(_MIGRATION_FOLDERS.search(path.casefold()) or _MIGRATION_NAMES.search(path))

    @staticmethod
    def is_dependency(path: str) -> bool:
        """Whether the file declares or locks dependencies."""
        return bool(_DEPENDENCIES.search(path.casefold()))

    def is_pipeline(self, path: str) -> bool:
        """Whether the file configures continuous integration."""
        return self._governed.kind(path) == CI
