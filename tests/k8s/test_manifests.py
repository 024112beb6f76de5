"""The manifests say what the code, the command line and the image really are."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from iirl_core.config import Config, load_config
from iirl_core.norm import norms_of
from iirl_core.probe import FAMILIES
from iirl_core.signing import KeyRole
from jobs.cli import parser
from tests.k8s.kustomize import HASH, Document, containers, pods, render

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"

CLUSTER_FIELDS = {"rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"}
FIELDS = {
    "RayCluster": CLUSTER_FIELDS,
    "RayJob": {
        "entrypoint",
        "submissionMode",
        "shutdownAfterJobFinishes",
        "ttlSecondsAfterFinished",
        "activeDeadlineSeconds",
        "rayClusterSpec",
    },
    "RayService": {"excludeHeadPodFromServeSvc", "rayClusterDeletionDelaySeconds", "serveConfigV2", "rayClusterConfig"},
}
"""Of KubeRay 1.7's schemas, the fields that we use: a typing error would be dropped silently by the API server."""


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return render(BASE)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(BASE / "config.yaml")


def one(documents: list[Document], kind: str) -> Any:
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def clusters(documents: list[Document]) -> list[Any]:
    return [
        one(documents, "RayCluster")["spec"],
        one(documents, "RayJob")["spec"]["rayClusterSpec"],
        one(documents, "RayService")["spec"]["rayClusterConfig"],
    ]


def volume(pod: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in pod.get("volumes", []) if one["name"] == name]
    return dict(found)


def test_the_base_holds_a_cluster_a_job_a_service_and_their_configuration(documents: list[Document]) -> None:
    kinds = {str(document["kind"]): str(document["apiVersion"]) for document in documents}
    assert kinds == {"RayCluster": "ray.io/v1", "RayJob": "ray.io/v1", "RayService": "ray.io/v1", "ConfigMap": "v1"}


def test_no_two_of_them_own_the_same_service(documents: list[Document]) -> None:
    """KubeRay derives NAME-head-svc, and for a service NAME-serve-svc, from the object's name."""
    suffixes = {"RayCluster": ["head"], "RayService": ["head", "serve"]}  # a RayJob's cluster has a random suffix
    services = [
        f"{one(documents, kind)['metadata']['name']}-{suffix}-svc" for kind, ends in suffixes.items() for suffix in ends
    ]
    assert len(set(services)) == len(services) == 3
    said = "".join(
        (ROOT / "k8s" / name).read_text() for name in ("README.md", "base/rayservice.yaml", "base/raycluster.yaml")
    )
    assert set(re.findall(r"[a-z-]+-(?:head|serve)-svc", said)) <= set(services)


def test_only_known_fields_are_used(documents: list[Document]) -> None:
    for kind, known in FIELDS.items():
        assert set(one(documents, kind)["spec"]) == known
    for cluster in clusters(documents):
        assert set(cluster) == CLUSTER_FIELDS
        assert set(cluster["headGroupSpec"]) == {"rayStartParams", "template"}
        for group in cluster["workerGroupSpecs"]:
            assert set(group) == {
                "groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template",
            }  # fmt: skip


def test_every_entrypoint_is_a_command_that_our_command_line_takes(documents: list[Document], config: Config) -> None:
    python, dash_m, package, *arguments = one(documents, "RayJob")["spec"]["entrypoint"].split()
    assert (python, dash_m, package) == ("python", "-m", "jobs")
    options = parser().parse_args(arguments)
    assert options.command == "flywheel"
    assert options.address == "auto", "a local Ray inside the head would leave the workers idle"
    pod = clusters(documents)[1]["headGroupSpec"]["template"]["spec"]
    assert_mounted(pod, options.config, "iirl-config" + HASH)
    assert_mounted(pod, f"{config.keys}/builder.key", None)


def assert_mounted(pod: dict[str, Any], path: str, config_map: str | None) -> None:
    mounts = pod["containers"][0]["volumeMounts"]
    found = [mount for mount in mounts if path.startswith(mount["mountPath"] + "/")]
    assert len(found) == 1, f"{path} is in {found}"
    if config_map:
        assert volume(pod, found[0]["name"])["configMap"]["name"] == config_map
        assert Path(path).name == "config.yaml"


@pytest.mark.filterwarnings("ignore:Using extra keyword arguments")  # Ray Serve's own, at import
def test_every_import_path_of_the_service_is_a_builder_of_an_application(
    documents: list[Document], config: Config
) -> None:
    serve = yaml.safe_load(one(documents, "RayService")["spec"]["serveConfigV2"])
    assert serve["http_options"] == {"host": config.serve.host, "port": config.serve.port}
    (application,) = serve["applications"]
    module, _, name = application["import_path"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    for pod in [spec for _, spec in pods(one(documents, "RayService"))]:
        assert_mounted(pod, application["args"]["config"], "iirl-config" + HASH)
        assert config.serve.token_file is not None
        for path in [config.serve.token_file, *config.serve.trust]:
            assert_mounted(pod, path, None)


def test_the_service_lets_nobody_in_without_a_token(config: Config) -> None:
    assert config.serve.token_file


def test_the_configuration_asks_probe_families_that_exist_for_its_kind_of_input(config: Config) -> None:
    assert norms_of(config)
    for name in config.audit.probes:
        assert FAMILIES[name].kind in ("conversation", "any"), "its encoder reads text"
    assert config.encoder.kind == "text"


def test_ray_authenticates_by_token_and_is_the_version_that_is_tested(documents: list[Document]) -> None:
    for cluster in clusters(documents):
        assert cluster["authOptions"] == {"mode": "token"}
        assert cluster["rayVersion"] == version("ray")


def test_no_pod_is_root_or_may_become_it(documents: list[Document]) -> None:
    for document in documents:
        for where, pod in pods(document):
            context: Any = pod["securityContext"]
            assert context["runAsNonRoot"], where
            assert context["runAsUser"] > 0
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(document):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }


def test_every_container_says_what_it_needs_and_every_ray_node_how_it_fares(documents: list[Document]) -> None:
    for document in documents:
        for container in containers(document):
            resources: Any = container["resources"]
            assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}
            if str(container["name"]).startswith("ray-"):
                assert {"livenessProbe", "readinessProbe"} <= set(container)


def test_the_pods_that_answer_are_ready_when_their_proxy_is(documents: list[Document]) -> None:
    (group,) = clusters(documents)[2]["workerGroupSpecs"]
    probe = group["template"]["spec"]["containers"][0]["readinessProbe"]
    assert probe["httpGet"] == {"path": "/-/healthz", "port": 8000}, "KubeRay's own needs wget, which slim images lack"


def test_private_keys_reach_the_head_of_the_job_alone_and_the_approvers_nobody(documents: list[Document]) -> None:
    holders = [
        where
        for document in documents
        for where, pod in pods(document)
        if "iirl-keys" in str(pod)
    ]  # fmt: skip
    assert holders == ["RayJob.spec.rayClusterSpec.headGroupSpec.template.spec"]
    assert KeyRole.APPROVER + ".key" not in (ROOT / "k8s" / "README.md").read_text()


def test_all_that_a_pod_refers_to_is_made_here_or_documented(documents: list[Document]) -> None:
    provided = (ROOT / "k8s" / "README.md").read_text()
    made = {str(document["metadata"]["name"]) for document in documents if document["kind"] == "ConfigMap"}  # type: ignore[index]
    for document in documents:
        for _, pod in pods(document):
            for source in (volume for volume in pod.get("volumes", []) if "emptyDir" not in volume):  # type: ignore[attr-defined]
                if "configMap" in source:
                    name, kind = source["configMap"]["name"], "ConfigMap"
                else:
                    name, kind = source["secret"]["secretName"], "Secret"
                assert name in made or f"| {kind} `{name}` " in provided, name
        for container in containers(document):
            for source in container.get("envFrom", []):  # type: ignore[attr-defined]
                assert f"| Secret `{source['secretRef']['name']}` (optional) " in provided
                assert source["secretRef"]["optional"]


def test_the_documented_keys_are_those_that_the_configuration_names(config: Config) -> None:
    table = (ROOT / "k8s" / "README.md").read_text()
    keys = {name: re.findall(r"`([^`]+)`", cells) for name, cells in re.findall(r"`(iirl-\w+)`[^|]*\|([^|]+)\|", table)}
    assert keys["iirl-trust"] == [Path(path).name for path in config.serve.trust]
    assert config.serve.token_file is not None
    assert keys["iirl-serving"] == [Path(config.serve.token_file).name]
    assert {"builder.key", "auditor.key"} <= set(keys["iirl-keys"])


def test_every_mount_has_its_volume_and_every_volume_its_mount(documents: list[Document]) -> None:
    for document in documents:
        for where, pod in pods(document):
            volumes = {volume["name"] for volume in pod.get("volumes", [])}  # type: ignore[attr-defined]
            every: Any = [*pod.get("initContainers", []), *pod["containers"]]  # type: ignore[misc]
            assert {mount["name"] for container in every for mount in container.get("volumeMounts", [])} == volumes, (
                where
            )


def test_images_are_the_one_that_the_dockerfile_documents_and_the_packages_version(documents: list[Document]) -> None:
    (tag,) = re.findall(r"docker build -t (\S+) \.$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {container["image"] for document in documents for container in containers(document)} == {tag}
    assert tag == f"iirl:{version('iirl')}"
    assert tag in (ROOT / "k8s" / "README.md").read_text()


def test_the_image_runs_as_the_user_that_the_pods_name(documents: list[Document]) -> None:
    (user,) = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    users = {spec["securityContext"]["runAsUser"] for document in documents for _, spec in pods(document)}  # type: ignore[index]
    assert users == {int(user)}


def test_what_the_image_copies_is_let_through_and_no_more() -> None:
    copied = set()
    for line in re.findall(r"^COPY (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        copied |= set(line.split()[:-1])
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_through


def test_the_reader_refuses_a_field_that_it_does_not_know(tmp_path: Path) -> None:
    base = shutil.copytree(BASE, tmp_path / "base")
    with (base / "kustomization.yaml").open("a") as file:
        file.write("namePrefix: mine-\n")
    with pytest.raises(ValueError, match="namePrefix"):
        render(base)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kustomize_itself_renders_the_same_objects(documents: list[Document]) -> None:
    done = subprocess.run(["kubectl", "kustomize", BASE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"iirl-config-[a-z0-9]{10}\b", "iirl-config" + HASH, done.stdout)
    theirs = sorted(yaml.safe_load_all(text), key=lambda document: str(document["kind"]))
    for document in theirs:
        document["metadata"].pop("labels", None)
    assert theirs == sorted(documents, key=lambda document: str(document["kind"]))
