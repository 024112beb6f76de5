"""What sets a machine up and clears it: run for real, with only the installers themselves replaced."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LOCAL = {"PIP_FIND_LINKS": "wheels/mine wheels/ours"}


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def clean_environment(path: str) -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))
    } | {"PATH": path}  # fmt: skip


def installing(
    folder: Path, installer: str, given: dict[str, str], *, gpu: bool = False, pips: str = ""
) -> dict[str, str]:
    """The variables of pip and uv that the installer sees when it installs us."""
    venv, tools, seen = folder / "venv" / "bin", folder / "tools", folder / "seen"
    tell = f'case "$*" in *--editable*) env >{seen} ;; esac'
    program(venv, "python", "exit 0")
    # It brings no uv, and says what its files hold.
    program(venv, "pip", f'case "$*" in *" uv") exit 1 ;; "config list") echo "{pips}" ;; esac; {tell}')
    if installer == "uv":
        program(tools, "uv", tell)
    tools.mkdir(exist_ok=True)
    if gpu:
        program(tools, "nvidia-smi", "exit 0")
    for name in ("env", "tr", "uname", "ls"):
        (tools / name).symlink_to(shutil.which(name) or name)
    script = ["/bin/sh", str(ROOT / "scripts" / "install.sh"), "python3", str(venv.parent)]
    subprocess.run(script, env=clean_environment(str(tools)) | given, cwd=ROOT, check=True, timeout=60)
    variables = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    return {name: value for name, value in variables.items() if name.startswith(("PIP_", "UV_"))}


@pytest.mark.skipif(bool(glob.glob("/dev/nvidia*")), reason="this machine has a GPU")
def test_without_a_gpu_uv_and_pip_are_sent_to_the_cpu_build(tmp_path: Path) -> None:
    assert installing(tmp_path / "uv", "uv", {})["UV_TORCH_BACKEND"] == "cpu"
    assert installing(tmp_path / "pip", "pip", {})["PIP_EXTRA_INDEX_URL"] == CPU_INDEX
    assert installing(tmp_path / "asked", "uv", {"UV_TORCH_BACKEND": "cu130"})["UV_TORCH_BACKEND"] == "cu130"


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_with_a_gpu_nothing_is_chosen_for_them(installer: str, tmp_path: Path) -> None:
    assert not installing(tmp_path, installer, {}, gpu=True)


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize(
    ("given", "added"),
    [
        (LOCAL, {"UV_FIND_LINKS": "wheels/mine,wheels/ours"}),
        ({"PIP_INDEX_URL": "https://mirror/simple"}, {"UV_DEFAULT_INDEX": "https://mirror/simple"}),
        ({"PIP_INDEX_URL": "https://mirror/simple", "UV_INDEX_URL": "https://other/simple"}, {}),
        ({"UV_FIND_LINKS": "wheels/mine"}, {}),
        ({"UV_DEFAULT_INDEX": "https://mirror/simple"}, {}),
    ],
)
def test_no_index_is_added_to_those_that_the_environment_names_and_uv_sees_pips(
    installer: str, given: dict[str, str], added: dict[str, str], tmp_path: Path
) -> None:
    assert installing(tmp_path, installer, given) == given | added


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_nor_is_one_added_to_those_of_pips_own_files(installer: str, tmp_path: Path) -> None:
    assert not installing(tmp_path, installer, {}, pips="global.index-url='https://mirror/simple'")


def test_clean_leaves_stores_and_keys_alone(tmp_path: Path) -> None:
    kept = [".iirl/log/head", ".iirl-keys/builder.key", ".iirl-real/x", ".git/__pycache__/x", "examples/portal/data/x"]
    gone = [".venv/bin/python", ".pytest_cache/x", "jobs/train/__pycache__/x.pyc", "iirl.egg-info/x", ".mypy_cache/x"]
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(["make", "-s", "-f", ROOT / "Makefile", "clean"], cwd=tmp_path, check=True, timeout=60)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == set(kept)


@pytest.mark.parametrize("complete", [True, False])
def test_the_check_brings_what_makes_environments_where_python_lacks_it(complete: bool, tmp_path: Path) -> None:
    """Debian's python3 has venv, whose help it prints, and no ensurepip, without which it makes none."""
    tools, said = tmp_path / "tools", tmp_path / "said"
    program(tools, "python3", f'case "$*" in *ensurepip*) exit {0 if complete else 1} ;; esac')
    program(tools, "apt-get", f'echo "$@" >>{said}')
    program(tools, "make", "exit 0")
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    subprocess.run([ROOT / ".ci" / "run"], env=clean_environment(str(tools)), check=True, timeout=60)
    assert said.exists() is not complete
    assert complete or "python3-venv" in said.read_text()
