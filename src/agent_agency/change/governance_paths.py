"""Which paths govern a repository or those who work in it, by kind.

Paths are compared without regard to letter case, because on a case-insensitive file system they name the same file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LAW = "law"
CI = "ci"
HOOKS = "hooks"
TESTS_CONFIG = "tests_config"
TOOL_CONFIG = "tool_config"
AGENT_SETTINGS = "agent_settings"

DESCRIPTIONS = {
    LAW: "law of this repository",
    CI: "continuous integration",
    HOOKS: "hooks",
    TESTS_CONFIG: "test configuration",
    TOOL_CONFIG: "tool configuration",
    AGENT_SETTINGS: "settings of a coding agent",
}

_ROOT_FOLDERS = {
    ".caws": LAW,
    ".agency": LAW,
    ".github": CI,
    ".gitlab": CI,
    ".circleci": CI,
    ".buildkite": CI,
    ".ci": CI,
    ".teamcity": CI,
    ".azure-pipelines": CI,
    ".azuredevops": CI,
    ".woodpecker": CI,
    ".forgejo": CI,
    ".gitea": CI,
    ".tekton": CI,
    ".semaphore": CI,
}
_FOLDERS = {
    ".husky": HOOKS,
    ".githooks": HOOKS,
    ".git-hooks": HOOKS,
    ".hooks": HOOKS,
    ".lefthook": HOOKS,
    ".claude": AGENT_SETTINGS,
    ".claude-plugin": AGENT_SETTINGS,
    ".cursor": AGENT_SETTINGS,
    ".codex": AGENT_SETTINGS,
    ".gemini": AGENT_SETTINGS,
    ".windsurf": AGENT_SETTINGS,
    ".continue": AGENT_SETTINGS,
    ".clinerules": AGENT_SETTINGS,
    ".roo": AGENT_SETTINGS,
    ".kiro": AGENT_SETTINGS,
    ".junie": AGENT_SETTINGS,
    ".amazonq": AGENT_SETTINGS,
    ".opencode": AGENT_SETTINGS,
    ".goose": AGENT_SETTINGS,
    ".agents": AGENT_SETTINGS,
}
_ROOT_NAMES = (
    (r"agency\.toml|working-spec\.(?:ya?ml|json)", LAW),
    (r"\.gitlab-ci\.ya?ml|\.travis\.ya?ml", CI),
    (r"azure-pipelines.*\.ya?ml|\.drone\.(?:ya?ml|star)|bitbucket-pipelines\.ya?ml", CI),
    (r"appveyor\.ya?ml|\.appveyor\.ya?ml|\.cirrus\.(?:ya?ml|star)", CI),
    (r"cloudbuild\.ya?ml|buildspec\.ya?ml|\.woodpecker\.ya?ml", CI),
    (r"\.build\.ya?ml|\.semaphore\.ya?ml|wercker\.ya?ml|circle\.ya?ml|\.readthedocs\.ya?ml|codemagic\.ya?ml", CI),
)
_NAMES = (
    (r"jenkinsfile(?:\..*)?", CI),
    (r"\.pre-commit-(?:config|hooks)\.ya?ml|\.?lefthook(?:-local)?\.(?:ya?ml|toml|json)|\.overcommit\.ya?ml", HOOKS),
    (r"\.huskyrc(?:\..*)?|\.lintstagedrc(?:\..*)?|lint-staged\.config\..*|\.simple-git-hooks\..*|prek\.toml", HOOKS),
    (r"conftest\.py|\.?pytest\.(?:ini|toml)|tox\.(?:ini|toml)", TESTS_CONFIG),
    (r"noxfile\.py|\.coveragerc(?:\..*)?|\.testr\.conf|\.stestr\.conf", TESTS_CONFIG),
    (
        r"(?:jest|vitest|cypress|playwright|karma|ava|wdio|protractor|nightwatch)(?:\.[\w-]+)*\.(?:config|conf)\.\w+",
        TESTS_CONFIG,
    ),
    (r"(?:jest|vitest|karma|cypress|playwright)\.(?:setup|workspace|json)(?:\.\w+)?|setuptests\.\w+", TESTS_CONFIG),
    (r"\.mocharc(?:\..*)?|\.nycrc(?:\..*)?|\.c8rc(?:\..*)?", TESTS_CONFIG),
    (r"stryker\.(?:conf|config)\..*|\.stryker.*\.json|\.?codecov\.ya?ml", TESTS_CONFIG),
    (r"phpunit(?:\.dist)?\.xml(?:\.dist)?|\.rspec|\.simplecov", TESTS_CONFIG),
    (r"nextest\.toml|mutmut_config\.py|\.coveralls\.ya?ml", TESTS_CONFIG),
    (r"\.?ruff\.toml|\.?mypy\.ini|\.flake8", TOOL_CONFIG),
    (r"\.?pylintrc(?:\.toml)?|\.?bandit(?:\.ya?ml|\.toml)?|pyrightconfig\.json|ty\.toml", TOOL_CONFIG),
    (r"\.isort\.cfg|\.importlinter|\.style\.yapf", TOOL_CONFIG),
    (r"\.pydocstyle(?:\.ini)?|pyre\.toml|\.pyre_configuration|\.pytype\.cfg", TOOL_CONFIG),
    (r"sitecustomize\.py|usercustomize\.py|\.vulture.*|\.deptry\.toml|\.yamllint(?:\.ya?ml)?", TOOL_CONFIG),
    (r"\.eslintrc(?:\..*)?|eslint\.config\.\w+|\.eslintignore", TOOL_CONFIG),
    (r"\.prettierrc(?:\..*)?|prettier\.config\.\w+|\.prettierignore", TOOL_CONFIG),
    (r"\.stylelintrc(?:\..*)?|stylelint\.config\.\w+|biome\.jsonc?", TOOL_CONFIG),
    (r"\.oxlintrc\.json|tsconfig(?:\..*)?\.json|\.jshintrc|tslint\.json", TOOL_CONFIG),
    (r"\.golangci\.(?:ya?ml|toml|json)|\.?clippy\.toml|\.?rustfmt\.toml|deny\.toml|\.rubocop.*\.ya?ml", TOOL_CONFIG),
    (r"phpstan.*\.neon(?:\.dist)?|psalm\.xml(?:\.dist)?|checkstyle.*\.xml", TOOL_CONFIG),
    (r"pmd.*\.xml|spotbugs.*\.xml|detekt.*\.ya?ml", TOOL_CONFIG),
    (r"\.swiftlint\.ya?ml|\.clang-(?:tidy|format)|\.shellcheckrc", TOOL_CONFIG),
    (r"\.hadolint\.ya?ml|\.markdownlint.*|\.commitlintrc.*", TOOL_CONFIG),
    (r"commitlint\.config\.\w+|sonar-project\.properties|\.semgrep(?:ignore|\.ya?ml)", TOOL_CONFIG),
    (r"\.trivyignore.*|\.snyk|\.gitleaks(?:ignore|\.toml)", TOOL_CONFIG),
    (r"\.secrets\.baseline|\.gitattributes|codeowners", TOOL_CONFIG),
    (r"\.danger.*|dangerfile(?:\..*)?|\.megalinter\.ya?ml", TOOL_CONFIG),
    (r"claude(?:\.local)?\.md|agents?(?:\.override)?\.md|gemini\.md", AGENT_SETTINGS),
    (r"copilot-instructions\.md|qwen\.md|warp\.md", AGENT_SETTINGS),
    (r"\.aider.*|\.cursorrules|\.cursorignore|\.windsurfrules", AGENT_SETTINGS),
    (r"\.clinerules|\.roorules|\.goosehints|\.rules|\.replit\.md", AGENT_SETTINGS),
    (r"\.?mcp\.json|\.mcp.*\.json|opencode\.jsonc?", AGENT_SETTINGS),
    (r"\.opencode\.jsonc?|\.continuerc\.json|.*\.instructions\.md", AGENT_SETTINGS),
)


class GovernedPaths:
    """Tells what kind of thing a path governs: by its own name, or because a governed symlink leads there.

    Args:
        linked: the targets of governed symlinks, repository-relative, each with its kind.
    """

    def __init__(self, linked: Mapping[str, str] | None = None) -> None:
        self._linked = {path.casefold(): kind for path, kind in (linked or {}).items()}
        named = (f"(?P<{kind}_{number}>{pattern})" for number, (pattern, kind) in enumerate(_NAMES))
        self._names = re.compile("|".join(named))
        self._root_names = tuple((re.compile(pattern), kind) for pattern, kind in _ROOT_NAMES)

    def kind(self, path: str) -> str | None:
        """The kind of what the path governs; ``None`` when nothing. A governed folder's own name counts too."""
        parts = path.casefold().split("/")
        if _ROOT_FOLDERS.get(parts[0]) == LAW:
            return LAW
        return self._of_name(parts) or _of_folders(parts) or self._of_link(parts)

    def _of_name(self, parts: list[str]) -> str | None:
        match = self._names.fullmatch(parts[-1])
        if match is not None and match.lastgroup is not None:
            return match.lastgroup.rpartition("_")[0]
        if len(parts) > 1:
            return None
        return next((kind for pattern, kind in self._root_names if pattern.fullmatch(parts[0])), None)

    def _of_link(self, parts: list[str]) -> str | None:
        if not self._linked:
            return None
        ancestors = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        return next((self._linked[path] for path in ancestors if path in self._linked), None)


def _of_folders(parts: list[str]) -> str | None:
    if parts[0] in _ROOT_FOLDERS:
        return _ROOT_FOLDERS[parts[0]]
    return next((_FOLDERS[part] for part in parts if part in _FOLDERS), None)
