"""The rules of style that a program can check, each as one test that lists every place that breaks it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.style.source import PACKAGE, ROOT, Function, Module, files, modules, written

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400

VAGUE_NAMES = {"common", "helper", "helpers", "misc", "service", "services", "util", "utils"}
SQL_FILES = re.compile(r"(\w+_)?(store|queries|tables)\.py")
SQL_PACKAGES = {"kit", "migrations", "reports"}
SQL_MAKERS = {"text", "select", "insert", "update", "delete", "union_all"}
SQL_TEXT = re.compile(r"\s*(SELECT\s|INSERT INTO\s|UPDATE\s\S+\sSET\s|DELETE FROM\s|WITH\s\S+\sAS\s*\()")
ROWS_OF_A_TABLE = re.compile(r"\b(FROM|JOIN|INTO|UPDATE)\s+(?!unnest|generate_series|pg_|SET\b)[a-z]")
MONEY_PACKAGES = {"catalog", "feeds", "leads", "parties", "reports"}
FLOATING_COLUMNS = {"Double", "DOUBLE", "DOUBLE_PRECISION", "Float", "FLOAT", "REAL"}
UNSAFE_MODULES = ("marshal", "pickle", "shelve", "yaml")
UNSAFE_CALLS = {"__import__", "eval", "exec"}
XML_MODULES = ("defusedxml", "lxml", "pyexpat", "xml", "xmlrpc")
XML_READER = ("kit", "xml.py")
IMPURE_MODULES = (
    "asyncio", "os", "random", "secrets", "socket", "sqlalchemy", "subprocess", "time",
    "leadback.kit.clock", "leadback.kit.database", "leadback.kit.settings",
)  # fmt: skip
IMPURE_CALLS = re.compile(r"(^|\.)(now|today|utcnow)$")
HTML = re.compile(r"<(!doctype|html|head|body|div|span|table|form|script|h[1-6])[\s>]", re.IGNORECASE)
REASONED = re.compile(r"(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ?ignore\[[\w, -]+\])\s+\S*\s*\w")
SUPPRESSION = re.compile(r"#\s*(noqa|type: ?ignore)\b")
LOCK_TIMEOUT = re.compile(r"lock_timeout = '4s'")
# Put together here, so that this file does not break its own rule.
MACHINE_WORDS = [
    ".".join(host) for host in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("crates", "io"))
]
MACHINE_PATH = re.compile(r"(?<![\w.$})/-])/" + "work" + "/")
OWN_WORDS_BYTES_MAX = 5_000_000


def report(broken: Iterable[str]) -> None:
    """Fail with one line for each place."""
    found = list(broken)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_no_function_is_longer_than_a_screen() -> None:
    report(
        module.at(function, f"{function.name} has {length} lines, at most {FUNCTION_LINES_MAX}")
        for module in written()
        for function in module.functions()
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    )


def test_no_file_is_too_long_to_read_at_once() -> None:
    report(
        module.at(1, f"{length} lines, at most {FILE_LINES_MAX}")
        for module in written()
        if (length := len(module.text.splitlines())) > FILE_LINES_MAX
    )


def test_every_module_opens_with_a_sentence() -> None:
    report(
        module.at(1, "opens without a sentence that says what it is for")
        for module in modules()
        if not re.match(r"\S.+\.$", (ast.get_docstring(module.tree) or "").split("\n\n")[0], re.DOTALL)
    )


def test_no_function_imports() -> None:
    report(
        module.at(node, f"imports inside {function.name}")
        for module in modules()
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def test_every_file_is_named_for_the_trade() -> None:
    report(
        f"{path.relative_to(ROOT)}: the name says nothing"
        for path in sorted(PACKAGE.rglob("*"))
        if path.stem in VAGUE_NAMES and (path.is_dir() or path.suffix == ".py")
    )


def test_a_store_is_used_by_its_own_package_alone() -> None:
    report(
        module.at(node, f"imports {name}")
        for module in modules()
        for node, name in module.imports()
        if (owner := re.match(r"leadback\.(\w+)\.(?:\w+\.)*(?:\w+_)?store\b", name)) and owner[1] != module.package
    )


def test_sql_lives_in_stores_queries_and_reports() -> None:
    report(place for module in modules() if not _may_hold_sql(module) for place in _sql_in(module))


def test_sql_on_a_networks_tables_is_given_the_network() -> None:
    report(
        module.at(function, f"{function.name} uses {', '.join(sorted(used))} and is not told which network")
        for module in modules()
        if SQL_FILES.fullmatch(module.path.name) and module.package != "networks"
        for function in module.functions()
        if "connection" in _arguments(function) and not any("network" in name for name in _arguments(function))
        if (used := _names(function) & _reaching_tables(module))
    )


def test_rules_are_pure() -> None:
    rules = [module for module in modules() if module.path.name == "rules.py"]
    report(
        [module.at(node, f"imports {name}") for module in rules for node, name in module.imports() if _impure(name)]
        + [module.at(node, f"calls {name}") for module in rules for node, name in module.calls() if _asks_time(name)]
        + [
            module.at(node, "awaits")
            for module in rules
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Await)
        ]
    )


def test_money_is_never_a_float() -> None:
    report(
        [
            module.at(node, "makes a float")
            for module in modules()
            if module.package in MONEY_PACKAGES
            for node, name in module.calls()
            if name == "float"
        ]
        + [
            module.at(node, f"has a column type that rounds: {name}")
            for module in modules()
            for node, name in module.imports()
            if name.startswith("sqlalchemy.") and name.rpartition(".")[2] in FLOATING_COLUMNS
        ]
    )


def test_nothing_reads_what_could_run() -> None:
    report(
        [
            module.at(node, f"imports {name}")
            for module in modules()
            for node, name in module.imports()
            if _within(name, UNSAFE_MODULES)
        ]
        + [
            module.at(node, f"calls {name}")
            for module in modules()
            for node, name in module.calls()
            if name in UNSAFE_CALLS
        ]
    )


def test_xml_is_read_in_one_place() -> None:
    reader = [module for module in modules() if module.parts == XML_READER]
    report(
        [
            module.at(node, f"imports {name}; leadback.kit.xml alone reads XML")
            for module in modules()
            for node, name in module.imports()
            if module not in reader and _within(name, XML_MODULES)
        ]
        # The one reader has one parser, and no way round its limits.
        + [
            module.at(node, f"imports {name}, where lxml.etree is all it needs")
            for module in reader
            for node, name in module.imports()
            if _within(name, XML_MODULES) and name != "lxml.etree"
        ]
        + [
            module.at(node, f"calls {name}")
            for module in reader
            for node, name in module.calls()
            if name.startswith("etree.") and name not in ("etree.XMLParser", "etree.fromstring")
        ]
    )
    assert reader


def test_html_lives_in_templates() -> None:
    report(
        module.at(node, f"holds HTML: {found[0]}")
        for module in modules()
        for node, text in module.strings()
        if (found := HTML.search(text))
    )


def test_values_are_frozen() -> None:
    report(
        module.at(node, f"{node.name} can be changed")
        for module in modules()
        for node in module.classes()
        if (module.path.name == "model.py" or node.name == "Settings") and _is_value(node) and not _is_frozen(node)
    )


def test_every_model_says_what_it_is() -> None:
    report(
        module.at(node, f"{node.name} says nothing of itself")
        for module in modules()
        for node in module.classes()
        if (module.path.name == "model.py" or node.name == "Settings") and not ast.get_docstring(node)
    )


def test_every_suppression_states_its_reason() -> None:
    python = [path for path in files() if path.suffix == ".py" and "migrations" not in path.parts]
    report(
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for path in python
        for line, comment in _comments(path)
        if SUPPRESSION.match(comment) and not REASONED.search(comment)
    )


def test_migrations_import_no_application_code() -> None:
    report(
        module.at(node, f"imports {name}")
        for module in modules()
        if module.package == "migrations"
        for node, name in module.imports()
        if name == "leadback" or name.startswith("leadback.")
    )


def test_migrations_wait_four_seconds_for_a_lock_at_most() -> None:
    report(
        module.at(1, "sets no lock_timeout = '4s'")
        for module in modules()
        if module.parts[:2] == ("migrations", "versions") and not LOCK_TIMEOUT.search(module.text)
    )


def test_no_file_names_the_machine_it_was_made_on() -> None:
    report(
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(_lines(path), 1)
        if MACHINE_PATH.search(line) or any(word in line for word in MACHINE_WORDS)
    )


def _may_hold_sql(module: Module) -> bool:
    return module.package in SQL_PACKAGES or SQL_FILES.fullmatch(module.path.name) is not None


def _sql_in(module: Module) -> Iterable[str]:
    for node, name in module.imports():
        origin, _, maker = name.rpartition(".")
        if origin.split(".")[0] == "sqlalchemy" and maker in SQL_MAKERS:
            yield module.at(node, f"imports {name}")
        if name in ("sqlalchemy", "psycopg.sql") or origin == "psycopg.sql":
            yield module.at(node, f"imports {name}, which makes SQL")
    for constant, text in module.strings():
        if SQL_TEXT.match(text):
            yield module.at(constant, f"holds SQL: {' '.join(text.split())[:60]}")


def _arguments(function: Function) -> list[str]:
    given = function.args
    return [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _names(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def _reaching_tables(module: Module) -> set[str]:
    """The module's names through which a network's rows are reached: its tables, and its statements upon any."""
    found = {name.rpartition(".")[2] for _, name in module.imports() if re.search(r"\.tables\.\w+$", name)}
    found = {name for name in found if name.islower()}
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            texts = [item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)]
            if any(isinstance(text, str) and ROWS_OF_A_TABLE.search(text) for text in texts):
                found |= _names(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
    return found


def _within(name: str, origins: Iterable[str]) -> bool:
    return any(name == origin or name.startswith(origin + ".") for origin in origins)


def _impure(name: str) -> bool:
    return _within(name, IMPURE_MODULES)


def _asks_time(name: str) -> bool:
    return IMPURE_CALLS.search(name) is not None


def _is_value(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    return bool(bases & {"Struct", "msgspec.Struct"}) or any(_is_dataclass(item) for item in node.decorator_list)


def _is_frozen(node: ast.ClassDef) -> bool:
    given = [
        *node.keywords,
        *(word for item in node.decorator_list if isinstance(item, ast.Call) for word in item.keywords),
    ]
    return any(word.arg == "frozen" and ast.unparse(word.value) == "True" for word in given)


def _is_dataclass(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(name) in ("dataclass", "dataclasses.dataclass")


def _comments(path: Path) -> Iterable[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    if b"\0" in content[:1024] or len(content) > OWN_WORDS_BYTES_MAX:
        return []
    return content.decode(errors="replace").splitlines()
