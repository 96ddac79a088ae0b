"""Who may import whom: the arrows of CONTRIBUTING.md, held over the source itself."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.late_imports import AFTER_MODELS, LATE, LATE_MODULES
from tests.product_code import SOURCES, TREES

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "portal": {"portal", "accounts", "exports", "expensify"},
    "exports": {"exports", "accounts", "expensify"},
    "accounts": {"accounts", "expensify"},
    "expensify": {"expensify"},
    "sandbox": {"sandbox", "expensify.freemarker"},
}
# The folders of exports/, floor by floor: a module imports from its own folder and from the floors below.
# Parts of a folder that stand lower than the rest of it are named with a dot.
FLOORS = [
    {"urls", "management", "apps"},
    {"views", "templatetags"},
    {"api"},
    {"forms"},
    {"schedules", "employee_updates"},
    {"runs", "credentials"},
    {"deliveries", "saved_exports"},
    {"results", "employee_updates.stored"},
    {"models", "columns", "samples", "employee_updates.feed", "schedules.rules", "api_routes"},
]


def imported(node: ast.Import | ast.ImportFrom, by: str) -> Iterator[str]:
    """The modules that an import statement of the module `by` names, in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        is_package = SOURCES[by].name == "__init__.py"
        parts = by.split(".")
        above = parts[: len(parts) - node.level + is_package]
        base = ".".join([*above, *filter(None, [node.module])])
    for alias in node.names:
        inside = f"{base}.{alias.name}"
        yield inside if inside in SOURCES else base


def imports(module: str) -> set[str]:
    """What a module imports, also behind TYPE_CHECKING."""
    return {
        name
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node, module)
    }


def is_in(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_below_it(package: str) -> None:
    wrong = {
        (module, name)
        for module in SOURCES
        if is_in(module, {package})
        for name in imports(module)
        if is_in(name, set(MAY_IMPORT)) and not is_in(name, MAY_IMPORT[package])
    }

    assert wrong == set()


@pytest.mark.parametrize("package", ["expensify", "sandbox"])
def test_the_client_and_the_sandbox_know_neither_django_nor_celery(package: str) -> None:
    wrong = {
        (module, name)
        for module in SOURCES
        if is_in(module, {package})
        for name in imports(module)
        if is_in(name, {"django", "celery"})
    }

    assert wrong == set()


def test_the_call_budget_and_the_template_language_know_nothing_of_the_client() -> None:
    wrong = {
        (module, name)
        for part in ("expensify.budget", "expensify.freemarker")
        for module in SOURCES
        if is_in(module, {part})
        for name in imports(module)
        if is_in(name, {"expensify"}) and not is_in(name, {part, "expensify.errors"})
    }

    assert wrong == set()


def folder_in_exports(module: str) -> str | None:
    """The part of exports/ that a module belongs to, as FLOORS names it; None outside of exports/."""
    app, _, inside = module.partition(".")
    if app != "exports" or not inside or inside.startswith("migrations"):
        return None
    parts = inside.split(".")
    return next((name for name in (".".join(parts[:2]), parts[0]) if any(name in floor for floor in FLOORS)), inside)


def floor_of(folder: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if folder in floor)


def test_every_module_of_exports_has_a_floor() -> None:
    folders = {folder for module in SOURCES if (folder := folder_in_exports(module))}

    assert folders - set().union(*FLOORS) == set()


def test_within_exports_imports_go_down() -> None:
    wrong = {
        (module, name)
        for module in SOURCES
        for name in imports(module)
        if (above := folder_in_exports(module)) and (below := folder_in_exports(name))
        if above != below and floor_of(below) <= floor_of(above)
    }

    assert wrong == set()


def test_only_views_and_urls_import_views() -> None:
    views = {"accounts.views", "exports.views", "portal.views"}
    wrong = {
        (module, name)
        for module in SOURCES
        for name in imports(module)
        if is_in(name, views) and not is_in(module, views) and not module.endswith("urls")
    }

    assert wrong == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {name for name in imports(module) if name in SOURCES and name != module} for module in SOURCES}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_imports_stand_at_the_top_but_of_what_few_processes_need() -> None:
    inline = {
        (module, function.name, name)
        for module, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        # Signals can be connected only when all apps are loaded.
        and not (module.endswith(".apps") and function.name == "ready")
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node, module)
        if not is_in(name, LATE | LATE_MODULES | AFTER_MODELS)
    }

    assert inline == set()


# Folders that Django prescribes, and `models`, which gathers the tables of its files for Django.
WITHOUT_A_STORY = {"management", "commands", "migrations", "templatetags"}


def test_each_package_tells_what_is_in_it_and_holds_nothing_else() -> None:
    untold = {}
    for name, path in SOURCES.items():
        if path.name == "__init__.py" and name.rpartition(".")[2] not in WITHOUT_A_STORY:
            statements = [] if name.endswith(".models") else TREES[name].body[1:]
            if ast.get_docstring(TREES[name]) is None or statements:
                untold[name] = [ast.unparse(statement) for statement in statements]

    assert untold == {}
