"""Lists the licence of each package that is installed with this one, from its own metadata.

    python scripts/licences.py [EXTRA...]

Extras are followed as far as their packages are installed here. Exit code 1 where one is not
permissive.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
# The extras that users install; what tests and builds need is not handed to anybody.
EXTRAS = ("torch", "keyring", "dataset", "eval", "export", "train", "fhir")
_ONE = (
    r"MIT(?:-0)?|0?BSD|BSD-[23]-Clause|Apache-2\.0(?: WITH LLVM-exception)?|ISC|PSF-2\.0"
    r"|Python-2\.0|Unlicense|Zlib|HPND|CC0-1\.0|CNRI-Python|BSL-1\.0"
    # Its files stay under it, programs that use them do not come under it.
    r"|MPL-2\.0"
)
PERMISSIVE = re.compile(rf"(?:{_ONE})(?: (?:AND|OR|WITH) (?:{_ONE}))*")
"""An SPDX expression of licences that ask for their notice alone."""

OF_TORCH = re.compile(r"nvidia-|cuda-")
"""NVIDIA's libraries, under its own terms: what torch's package for graphics cards asks for."""

_CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_WORDS = (
    (re.compile(r"apache.*2\.0|apache software|apache license", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"\bmit\b", re.IGNORECASE), "MIT"),
    (re.compile(r"3-clause|new bsd|modified bsd", re.IGNORECASE), "BSD-3-Clause"),
    (re.compile(r"2-clause", re.IGNORECASE), "BSD-2-Clause"),
    (re.compile(r"\bbsd\b", re.IGNORECASE), "BSD"),
)


def runtime_packages(extras: Iterable[str] = EXTRAS) -> list[Distribution]:
    """What is installed here of the project's dependencies and theirs, by name."""
    found: dict[str, Distribution] = {}
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    own = [*project["dependencies"]]
    for extra in extras:
        own += project["optional-dependencies"][extra]
    wanted = [
        (canonicalize_name(each.name), frozenset(each.extras)) for each in map(Requirement, own)
    ]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        each = wanted.pop()
        if each in seen:
            continue
        seen.add(each)
        name, chosen = each
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        found[canonicalize_name(name)] = installed
        for line in installed.requires or ():
            need = Requirement(line)
            if _applies(need, chosen):
                wanted.append((canonicalize_name(need.name), frozenset(need.extras)))
    return [found[name] for name in sorted(found)]


def _applies(need: Requirement, extras: Iterable[str]) -> bool:
    if need.marker is None:
        return True
    return any(need.marker.evaluate({"extra": each}) for each in ("", *extras))


def licences(packages: Iterable[Distribution]) -> dict[str, str]:
    """The SPDX expression of each, or what its metadata says in place of one."""
    return {str(each.metadata["Name"]): _licence(each) for each in packages}


def _licence(package: Distribution) -> str:
    about = package.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    kinds = [each.split(" :: ") for each in about.get_all("Classifier") or ()]
    named = [each[-1] for each in kinds if each[0] == "License" and len(each) > 2]
    if named and all(each in _CLASSIFIERS for each in named):
        return " OR ".join(dict.fromkeys(_CLASSIFIERS[each] for each in named))
    words = str(about.get("License") or "").strip()
    if words and PERMISSIVE.fullmatch(words):
        return words
    # Some put the whole text there.
    for pattern, spdx in _WORDS:
        if pattern.search(words[:200]):
            return spdx
    return ", ".join(named) or words[:60] or "?"


def not_permissive(found: Mapping[str, str]) -> dict[str, str]:
    """Those whose licence asks for more than its notice, but for the known ones of torch."""
    return {
        name: each
        for name, each in found.items()
        if not PERMISSIVE.fullmatch(each) and not OF_TORCH.match(name)
    }


def main() -> int:
    """Print the list; the exit code."""
    found = licences(runtime_packages(sys.argv[1:] or EXTRAS))
    wrong = not_permissive(found)
    for name, each in found.items():
        sys.stdout.write(f"{name:28} {each}{'  <- not permissive' if name in wrong else ''}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
