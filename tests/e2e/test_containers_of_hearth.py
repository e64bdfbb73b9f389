# SPDX-License-Identifier: Apache-2.0
"""hearth in a container: the manifest is what Kubernetes takes, and an image of Containerfile records with what the manifest allows it."""

import json
import os
import re
import subprocess

import pytest

import docker_daemon
import fetched_tools
import hearth

pytestmark = pytest.mark.xdist_group("make")  # in one tree

MANIFEST = hearth.ROOT / "packaging/kubernetes.yaml"
CONTAINERFILE = hearth.ROOT / "packaging/Containerfile"
UNIT = hearth.ROOT / "packaging/hearth.service.in"


@pytest.fixture(scope="module")
def schemas():
    return fetched_tools.python_package("kubernetes-validate", "1.37.0")


def python(schemas, *arguments, **options):
    environment = dict(os.environ, PYTHONPATH=str(schemas))
    return subprocess.run(["/usr/bin/python3", *arguments], env=environment, capture_output=True, text=True, **options)


def documents(schemas):
    read = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))"
    return json.loads(python(schemas, "-c", read, MANIFEST, check=True).stdout)


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_takes_the_manifest(schemas, version):
    told = python(schemas, "-m", "kubernetes_validate", "--strict", "-k", version, MANIFEST)
    assert told.returncode == 0, told


def test_the_check_finds(schemas, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(MANIFEST.read_text().replace("hostPID: true", "hostPid: true"))
    assert python(schemas, "-m", "kubernetes_validate", "--strict", "-k", "1.37", wrong).returncode != 0


def container_of(schemas):
    (daemons,) = [document for document in documents(schemas) if document["kind"] == "DaemonSet"]
    assert daemons["spec"]["template"]["spec"]["hostPID"] is True
    (container,) = daemons["spec"]["template"]["spec"]["containers"]
    return container


def test_privileges_are_the_same_everywhere(schemas):
    """What recording takes is one set, whoever starts it."""
    capabilities = set(container_of(schemas)["securityContext"]["capabilities"]["add"])
    unit = re.findall(r"^CapabilityBoundingSet=(.*)$", UNIT.read_text(), re.MULTILINE)
    assert {name.removeprefix("CAP_") for line in unit for name in line.split()} == capabilities
    (of_podman,) = re.findall(r"--cap-add=(\S+)", CONTAINERFILE.read_text())
    assert set(of_podman.split(",")) == capabilities


def test_options_of_the_manifest_are_understood(schemas, tmp_path):
    (options,) = [document["data"]["hearth.conf"] for document in documents(schemas) if document["kind"] == "ConfigMap"]
    path = tmp_path / "hearth.conf"
    path.write_text(re.sub("^# (?=[a-z[])", "", options, flags=re.MULTILINE))
    assert "[serve]\n" in path.read_text()
    assert hearth.run("serve", "--config", path, "--check-config") == (0, "", "")


@pytest.fixture(scope="module")
def image_root():
    subprocess.run(["make", "--no-print-directory", "-s", "image-root"], cwd=hearth.ROOT, check=True, timeout=600)
    return hearth.OUTPUT / "image-root"


@pytest.mark.root
def test_docker_builds_the_image(image_root):
    with docker_daemon.running() as daemon:
        build = dict(os.environ, DOCKER_BUILDKIT="0")
        daemon.client("build", "-q", "-t", "hearth", "-f", CONTAINERFILE, image_root, env=build)
        told = daemon.client("run", "--rm", "--network=none", "--read-only", "hearth", "--version")
    assert told == hearth.run("--version").stdout.rstrip("\n")


def run_in_container(folder, image_root, capabilities, *arguments):
    """By runc itself: Docker 20.10 knows no CAP_CHECKPOINT_RESTORE. The other settings are its own, as Kubernetes has them."""
    subprocess.run(["runc", "spec"], cwd=folder, check=True)
    path = folder / "config.json"
    spec = json.loads(path.read_text())
    allowed = [f"CAP_{name}" for name in capabilities]
    spec["process"].update(
        terminal=False, noNewPrivileges=False, args=["/usr/bin/hearth", *arguments],
        capabilities={kind: allowed for kind in ("bounding", "effective", "permitted")},
        rlimits=[{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096}],
    )  # fmt: skip
    spec["root"] = {"path": str(image_root), "readonly": True}
    spec["linux"]["namespaces"] = [one for one in spec["linux"]["namespaces"] if one["type"] != "pid"]
    spec["linux"]["cgroupsPath"] = f"/{folder.name}"
    spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
    path.write_text(json.dumps(spec))
    name = f"hearth-test-{os.getpid()}"
    ended = hearth.Child("runc", "--root", folder / "state", "run", "--bundle", folder, name)
    with ended as child:
        told = child.end()
    path.unlink()
    return told


@pytest.mark.root
def test_the_image_records_with_these_privileges(schemas, image_root, tmp_path):
    security = container_of(schemas)["securityContext"]
    assert security["readOnlyRootFilesystem"] and security["seccompProfile"]["type"] == "Unconfined"
    capabilities = security["capabilities"]["add"]
    told = run_in_container(tmp_path, image_root, capabilities, "doctor", "--json")
    assert told.returncode == 0, told
    wrong = [row for row in json.loads(told.stdout)
             if row["verdict"] != "good" and row["check"] not in ("hardware cycles", "debug files")]  # fmt: skip
    assert not wrong
    ended = run_in_container(tmp_path, image_root, capabilities, "record", "-d", "1", "-o", "/dev/null", "--format", "folded", "--stats", "-")
    assert ended.returncode == 0, ended
    ticks = json.loads(ended.stdout)["ticks"]
    assert ticks["due"] > 0 and ticks["complete"] > 0, ticks
