"""The layout of the package: names that mean one thing, and imports that point one way."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

PACKAGE = Path(__file__).parents[1] / "bulkeic"


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Every import, those for type checkers included."""
    return grimp.build_graph("bulkeic", exclude_type_checking_imports=False)


def classes() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_")


def repeated(names: Iterator[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_no_two_modules_share_a_name() -> None:
    modules = (path.stem for path in PACKAGE.rglob("*.py"))
    assert repeated(name for name in modules if name != "__init__") == []


def test_no_two_classes_share_a_name() -> None:
    assert repeated(classes()) == []


def test_nothing_in_the_package_imports_its_root(imports: grimp.ImportGraph) -> None:
    assert imports.find_modules_that_directly_import("bulkeic") == set()


def test_no_imports_form_a_circle(imports: grimp.ImportGraph) -> None:
    for module in sorted(imports.modules):
        for imported in imports.find_modules_directly_imported_by(module):
            assert not imports.chain_exists(importer=imported, imported=module), (module, imported)
