"""The traps of the house, each a failing test: import directions, name ownership, errors that cross processes, weight.

The source is read with ``ast`` rather than imported, so that this file takes seconds and needs neither torch nor Ray.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import pickle
import re
import statistics
import subprocess
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("iirl_core", "cluster", "jobs", "serving")
OURS = {*PACKAGES, "benchmarks", "examples", "tests"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    """The Python files under these folders of the repository."""
    return sorted(path for folder in folders or PACKAGES for path in (ROOT / folder).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def where(path: Path, node: ast.AST | None = None) -> str:
    line = f":{getattr(node, 'lineno', 1)}" if node is not None else ""
    return f"{path.relative_to(ROOT)}{line}"


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The top-level name of every absolute import, wherever it stands (inside functions too)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node


# Names --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_imported_from_the_root_of_this_repository(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None, f"{package} is a namespace package: its __init__.py is missing or shadowed"
    assert Path(module.__file__).resolve().parent.parent == ROOT


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_the_name_of_a_package(package: str) -> None:
    owners = set(importlib.metadata.packages_distributions().get(package, []))
    assert owners == {"iirl"}, f"{package} is owned by {sorted(owners)}; uninstall the others"


def test_no_folder_beside_a_script_hides_a_package() -> None:
    """``python examples/demo.py`` looks into examples/ first: a folder cluster/ there is what it would import."""
    found = {path.name for folder in ("examples", "benchmarks", "scripts") for path in (ROOT / folder).iterdir()}
    assert not found & set(PACKAGES)


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in sources("tests")}
    folders |= {
        parent for folder in folders for parent in folder.parents if (ROOT / "tests") in (parent, *parent.parents)
    }
    missing = [where(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not missing, f"without __init__.py, `import jobs` may find tests/jobs: {missing}"


def test_no_module_is_named_after_something_we_import() -> None:
    imported = {name for path in sources(*OURS) for name, _ in imported_names(tree_of(path))} - OURS
    assert {"torch", "pydantic", "json"} <= imported, "the scan of imports found too little"
    named: list[tuple[str, Path]] = []
    for path in sources(*PACKAGES, "benchmarks", "examples"):
        named.append((path.parent.name if path.name == "__init__.py" else path.stem, path))
    shadows = [where(path) for name, path in named if name in imported]
    assert not shadows, f"a script run from that folder would import itself: {shadows}"


def test_every_package_folder_has_an_init_file() -> None:
    folders = {path.parent for path in sources()}
    missing = [where(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not missing


DRAWERS = (
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "handler",
    "handlers",
    "context",
    "contexts",
    "common",
    "misc",
)


def test_no_module_or_class_is_a_drawer() -> None:
    found = [where(path) for path in sources() if set(path.stem.split("_")) & set(DRAWERS)]
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef) and node.name.lower().endswith(DRAWERS):
                found.append(f"{where(path, node)} {node.name}")
    assert not found, f"name the idea instead: {found}"


# Directions ---------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    "iirl_core": {
        "ray",
        "deepspeed",
        "fastapi",
        "starlette",
        "uvicorn",
        "boto3",
        "botocore",
        "rich",
        "cluster",
        "jobs",
        "serving",
    },
    "cluster": {"fastapi", "starlette", "uvicorn", "jobs", "serving"},
    "jobs": {"fastapi", "starlette", "uvicorn", "serving"},
    "serving": {"jobs"},
}


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_point_at_the_core(package: str) -> None:
    crossed = [
        f"{where(path, node)} imports {name}"
        for path in sources(package)
        for name, node in imported_names(tree_of(path))
        if name in FORBIDDEN[package]
    ]
    assert not crossed


# Errors -------------------------------------------------------------------------------------------------------------


def exception_classes() -> list[type[BaseException]]:
    """Every exception that our packages define; only the modules that define one are imported."""
    classes = [(path, node) for path in sources() for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    bases = {node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases} for _, node in classes}
    names = {name for name, parents in bases.items() if any(p.endswith(("Error", "Exception")) for p in parents)}
    while more := {name for name, parents in bases.items() if parents & names} - names:
        names |= more
    return [getattr(importlib.import_module(module_of(p)), node.name) for p, node in classes if node.name in names]


SAMPLES: dict[str, object] = {
    "str": "what was wrong",
    "int": 7,
    "float": 0.5,
    "bool": True,
    "Path": Path("a/b"),
    "Details": (),
}


def sample_arguments(error: type[BaseException]) -> list[object]:
    if error.__init__ in (Exception.__init__, BaseException.__init__):
        return ["what was wrong", 3]
    parameters = list(inspect.signature(error).parameters.values())
    names = [str(parameter.annotation).rpartition(".")[2] for parameter in parameters]
    assert set(names) <= set(SAMPLES), f"{error.__name__}: teach SAMPLES the types {sorted(set(names) - set(SAMPLES))}"
    return [SAMPLES[name] for name in names]


def test_every_exception_survives_pickle_with_its_type_its_arguments_and_its_text() -> None:
    errors = exception_classes()
    assert {"IirlError", "InputError", "Tampered", "ClusterError"} <= {error.__name__ for error in errors}
    for error in errors:
        arguments = sample_arguments(error)
        first = error(*arguments)
        again = pickle.loads(pickle.dumps(first))  # noqa: S301 (our own bytes)
        assert type(again) is error
        assert again.args == first.args == tuple(arguments), f"{error.__name__} does not pass its arguments on"
        assert str(again) == str(first)
        assert vars(again) == vars(first)


# Weight -------------------------------------------------------------------------------------------------------------

HEAVY = {"torch", "ray", "deepspeed", "transformers", "sklearn", "scipy", "matplotlib", "pandas", "boto3", "fastapi"}

PROBE = """
import runpy, sys
sys.argv = ["iirl", *sys.argv[1:]]
code = 0
try:
    runpy.run_module("jobs", run_name="__main__")
except SystemExit as stop:
    code = stop.code or 0
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""

SMALL_CONFIG = """
name: small
corpora:
  - {name: walks, files: [walks.jsonl]}
encoder: {kind: trajectory}
audit: {probes: {far: 10}}
"""


TEXT_SECTIONS = ["--set", "encoder={kind: text, model: nobody/nothing}", "--set", "audit.probes={empty: 10}"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["train", "--help"],
        ["train", "CONFIG", "--dry-run"],
        ["train", "CONFIG", "--dry-run", *TEXT_SECTIONS],
    ],
    ids=["help", "train-help", "trajectories", "texts"],
)
def test_looking_at_the_command_line_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(SMALL_CONFIG, encoding="utf-8")
    arguments = [str(config) if word == "CONFIG" else word for word in arguments]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & HEAVY, f"{' '.join(arguments)} loads {sorted(loaded & HEAVY)}"


# Form ---------------------------------------------------------------------------------------------------------------


def test_every_module_says_what_it_is() -> None:
    mute = [where(path) for path in sources() if tree_of(path).body and not ast.get_docstring(tree_of(path))]
    assert not mute


def public_definitions(body: list[ast.stmt], outer: str = "") -> Iterator[tuple[str, ast.ClassDef | Function]]:
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield outer + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{outer}{node.name}.")


def test_everything_public_in_the_core_has_a_docstring() -> None:
    mute = [
        f"{where(path, node)} {name}"
        for path in sources("iirl_core")
        for name, node in public_definitions(tree_of(path).body)
        if not ast.get_docstring(node)
    ]
    assert not mute


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


BAG = re.compile(r"\b(dict|Dict|Mapping|MutableMapping)\[\s*str\s*,\s*(typing\.)?Any\s*\]")


def test_no_bag_of_anything_passes_between_modules() -> None:
    bags = []
    for path in sources():
        for function in functions(path):
            every = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
            annotations = [argument.annotation for argument in every] + [function.returns]
            if any(BAG.search(ast.unparse(annotation)) for annotation in annotations if annotation is not None):
                bags.append(f"{where(path, function)} {function.name}")
    assert not bags, f"give the bag a name and fields: {bags}"


def test_files_and_functions_fit_in_a_head() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    spans = {
        f"{where(p, f)} {f.name}": (f.end_lineno or f.lineno) - f.lineno + 1 for p in sources() for f in functions(p)
    }
    long_files = [f"{where(path)} has {length} lines" for path, length in lengths.items() if length > 400]
    long_functions = [f"{name} has {span} lines" for name, span in spans.items() if span > 80]
    for line in long_files + long_functions:
        warnings.warn(line, stacklevel=1)
    assert len(long_files) <= 0.02 * len(lengths), long_files
    assert len(long_functions) <= 0.005 * len(spans), long_functions
    assert statistics.median(length for length in lengths.values() if length) <= 200


# Text ---------------------------------------------------------------------------------------------------------------

TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".jinja", ".css", ".txt", ".cfg", ".json", ""}
MADE = ("build", "dist", "__pycache__")
# Written apart so that this file does not find itself.
MACHINE = re.compile(
    r"(?<![\w.])/(?:" + "|".join(("work", "root", "opt" + "/wheels", "shared" + "/data")) + r")\b(?=[/\s\"'`).,:;]|$)"
)


def texts() -> Iterator[Path]:
    """Files of the repository that people read, without what was installed, made or cached."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") for part in parts[:-1]) and parts[0] != ".ci"
        if hidden or any(part in MADE or part.endswith(".egg-info") for part in parts):
            continue
        if path.is_file() and path.suffix in TEXT and not (parts[0] == "examples" and "data" in parts):
            yield path


def test_no_text_names_a_path_of_one_machine() -> None:
    found = []
    for path in texts():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            temporary = path.suffix == ".md" and "/" + "tmp/" in line
            if MACHINE.search(line) or temporary:
                found.append(f"{where(path)}:{number}: {line.strip()[:80]}")
    assert not found


def test_the_license_is_the_one_that_the_package_declares() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert importlib.metadata.metadata("iirl")["License-Expression"] == "Apache-2.0"
