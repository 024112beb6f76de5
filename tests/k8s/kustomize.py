"""A small, strict reader of a kustomize base: what it does not know it refuses, so that no field goes unchecked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

Document = dict[str, object]

KNOWN = {"apiVersion", "kind", "labels", "resources", "configMapGenerator", "configurations", "images"}
HASH = "-0123456789"
"""Stands for the hash of the content that kustomize appends to a generated name."""


def render(base: Path) -> list[Document]:
    """Every object of the base, its images tagged and its generated names in place.

    Raises:
        ValueError: a field, or a name reference, that nothing here understands or matches.
    """
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text())
    if unknown := set(kustomization) - KNOWN:
        raise ValueError(f"kustomization.yaml: unknown fields {sorted(unknown)}")
    documents = [
        document for name in kustomization["resources"] for document in yaml.safe_load_all((base / name).read_text())
    ]
    generated = [_config_map(base, generator) for generator in kustomization["configMapGenerator"]]
    for configuration in kustomization["configurations"]:
        rules = yaml.safe_load((base / configuration).read_text())
        if set(rules) != {"nameReference"}:
            raise ValueError(f"{configuration}: expected nameReference alone")
        for rule in rules["nameReference"]:
            _rename(documents, rule, {str(_metadata(one)["name"]) for one in generated})
    for config_map in generated:
        _metadata(config_map)["name"] = f"{_metadata(config_map)['name']}{HASH}"
    for image in kustomization["images"]:
        if set(image) - {"name", "newName", "newTag"}:
            raise ValueError(f"images: unknown fields in {image}")
        for container in (one for document in documents for one in containers(document)):
            if container["image"] == image["name"]:
                container["image"] = f"{image.get('newName', image['name'])}:{image['newTag']}"
    return documents + generated


def _config_map(base: Path, generator: dict[str, object]) -> Document:
    if set(generator) != {"name", "files"} or not isinstance(generator["files"], list):
        raise ValueError(f"configMapGenerator: expected name and files, found {sorted(generator)}")
    data = {Path(file).name: (base / file).read_text() for file in generator["files"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}


def _rename(documents: list[Document], rule: dict[str, object], names: set[str]) -> None:
    specs = rule["fieldSpecs"]
    if set(rule) != {"kind", "version", "fieldSpecs"} or rule["kind"] != "ConfigMap" or not isinstance(specs, list):
        raise ValueError(f"nameReference: {rule}")
    for spec in specs:
        *path, last = spec["path"].split("/")
        for document in (one for one in documents if one["kind"] == spec["kind"]):
            for holder in _at(document, path):
                if holder.get(last) in names:
                    holder[last] = f"{holder[last]}{HASH}"


def _at(node: object, path: list[str]) -> Iterator[dict[str, object]]:
    if isinstance(node, list):
        for item in node:
            yield from _at(item, path)
    elif isinstance(node, dict):
        if not path:
            yield node
        elif path[0] in node:
            yield from _at(node[path[0]], path[1:])


def _metadata(document: Document) -> dict[str, object]:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return metadata


def pods(document: Document) -> Iterator[tuple[str, dict[str, object]]]:
    """The pod specs inside one of KubeRay's objects, with where they stand."""

    def walk(node: object, where: str) -> Iterator[tuple[str, dict[str, object]]]:
        if isinstance(node, dict):
            if "containers" in node:
                yield where, node
            for key, value in node.items():
                yield from walk(value, f"{where}.{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from walk(value, f"{where}[{index}]")

    yield from walk(document, str(document["kind"]))


def containers(document: Document) -> Iterator[dict[str, object]]:
    """Every container and init container."""
    for _, pod in pods(document):
        for kind in ("initContainers", "containers"):
            found = pod.get(kind, [])
            assert isinstance(found, list)
            yield from found
