"""Whether the book names the repository that it is published from, so that a fork's links lead to the fork."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def problem(pyproject: str, repository: str) -> str | None:
    """A sentence that says what to do, or None where ``[project.urls]`` names the repository alone."""
    addresses = tomllib.loads(pyproject)["project"].get("urls", {}).values()
    hosted = (
        re.match(r"https://github\.com/([^/]+/[^/#]+)", address)
        for address in addresses
    )
    named = {match[1].removesuffix(".git").lower() for match in hosted if match}
    if named == {repository.lower()}:
        return None
    return (
        f"The book names {', '.join(sorted(named)) or 'no repository'}, and this is {repository}: "
        f"run `make address REPOSITORY={repository}`, commit and push."
    )


if __name__ == "__main__":
    sys.exit(problem((ROOT / "pyproject.toml").read_text("utf-8"), sys.argv[1]))
