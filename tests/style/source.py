"""The project's files as the style tests read them: parsed once, named by their path."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "leadback"
BUILT = {".git", ".venv", "node_modules", "build", "dist", "leadback-data"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file of the package."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def parts(self) -> tuple[str, ...]:
        """Its path below the package: `("leads", "store.py")`."""
        return self.path.relative_to(PACKAGE).parts

    @property
    def package(self) -> str:
        """The package of the trade it belongs to, or its own name where it stands at the top."""
        return self.parts[0].removesuffix(".py")

    def at(self, node: ast.AST | int, what: str) -> str:
        """One line of a failure: where, and what is wrong there."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.path.relative_to(ROOT)}:{line}: {what}"

    def functions(self) -> Iterator[Function]:
        """Every function and method, the nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Every name imported, in full: `leadback.leads.store.write`; what relative imports mean is worked out."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from ((node, f"{origin}.{alias.name}") for alias in node.names)

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call of a plain or dotted name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, ast.unparse(node.func)

    def strings(self) -> Iterator[tuple[ast.Constant, str]]:
        """Every text, parts of f-strings included, that is not a docstring."""
        told = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                yield node, node.value

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        own = ("leadback", *self.parts)
        return ".".join((*own[: len(own) - node.level], *filter(None, [node.module])))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, the migrations too."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path, text, ast.parse(text, str(path))))
    return tuple(found)


def written() -> Iterator[Module]:
    """Every module written by hand: all but the migrations, which are history."""
    return (module for module in modules() if module.package != "migrations")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository, the new ones too; without Git, every file that is not a product of the build."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and not BUILT.intersection(path.parts))
    return tuple(path for name in names if name and (path := ROOT / name).is_file())
