# SPDX-License-Identifier: Apache-2.0
"""hearth in a container: the manifest is what Kubernetes takes, and an image of Containerfile records with what the manifest allows it."""

import contextlib
import json
import os
import re
import subprocess

import pytest

import docker_daemon
import fetched_tools
import hearth
import recording
from test_record_labels import ANNOTATIONS, CGROUPS, bundle_of

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


def pod_of(schemas):
    (daemons,) = [document for document in documents(schemas) if document["kind"] == "DaemonSet"]
    return daemons["spec"]["template"]["spec"]


def container_of(schemas):
    pod = pod_of(schemas)
    assert pod["hostPID"] is True
    (container,) = pod["containers"]
    return container


def folders_that_tell_names(schemas):
    """Folders of the node that the manifest mounts where they are, and read-only."""
    on_node = {volume["name"]: volume["hostPath"] for volume in pod_of(schemas)["volumes"] if "hostPath" in volume}
    mounts = [mount for mount in container_of(schemas)["volumeMounts"] if mount["name"] in on_node and mount.get("readOnly")]
    for mount in mounts:
        assert on_node[mount["name"]] == {"path": mount["mountPath"], "type": "DirectoryOrCreate"}, mount
        assert mount["recursiveReadOnly"] == "IfPossible", mount
    return {mount["mountPath"] for mount in mounts}


def folders_that_are_read():
    """Of each root of an engine the ways to have mounted what is read below it: all of it, or the folders that its files may lie in."""
    rows = (hearth.ROOT / "profiler/container_roots.def").read_text()
    roots = re.findall(r'^CONTAINER_ROOT\("([^"]+)"\)', rows, re.MULTILINE)
    below = set(re.findall(r'^CONTAINER_FILE\("([^"/]+)/', rows, re.MULTILINE))
    assert len(roots) >= 5 and len(below) >= 4
    return {root: {root, *(f"{root}/{folder}" for folder in below)} for root in roots}, below


def test_what_tells_names_is_mounted(schemas):
    """All that hearth looks at, and nothing else of the node."""
    (pods,) = re.findall(r'^#define POD_FOLDERS +"(.+)"$', (hearth.ROOT / "profiler/pod_folders.h").read_text(), re.MULTILINE)
    mounted, (roots, below) = folders_that_tell_names(schemas), folders_that_are_read()
    assert pods in mounted
    assert not [root for root, ways in roots.items() if not ways & mounted]
    assert not mounted - {pods}.union(*roots.values())
    assert not [folder for folder in below if not any({root, f"{root}/{folder}"} & mounted for root in roots)]


def test_what_tells_names_is_the_same_everywhere(schemas):
    (of_podman,) = re.findall(r"names=\$\(for folder in (.+?); do", CONTAINERFILE.read_text(), re.DOTALL)
    assert {word for word in of_podman.split() if word.startswith("/")} == folders_that_tell_names(schemas)
    assert "$names hearth" in CONTAINERFILE.read_text()


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


def run_in_container(folder, image_root, capabilities, *arguments, mounted=()):
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
    spec["mounts"] += [{"destination": path, "type": "bind", "source": path, "options": ["rbind", "ro"]} for path in mounted]
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
    with hearth.held_sample("recursion", 30) as child:
        child.say()
        ended = run_in_container(tmp_path, image_root, capabilities, "record", "-d", "1", "-o", "/dev/null", "--format", "folded", "--stats", "-")
    assert ended.returncode == 0, ended
    ticks = json.loads(ended.stdout)["ticks"]
    assert ticks["due"] > 0 and ticks["complete"] > 0, ticks


NAME_IN_RUNC = "runc"  # as its own specification says


def first_process_shows_its_name():
    """Some machines let nobody look into PID 1, not even root: tests/unit/machine_name_test.c has one of its own."""
    try:
        os.stat("/proc/1/ns/uts")
    except PermissionError:
        return False
    return True


@pytest.mark.root
def test_the_image_tells_names(schemas, image_root, tmp_path):
    """With the mounts of the manifest: a pod's and its container's are known, and the machine's, where PID 1 shows it, is not that of hearth's own container."""
    capabilities = container_of(schemas)["securityContext"]["capabilities"]["add"]
    container = "fedcba9876543210" * 4
    with contextlib.ExitStack() as engine:
        _, inner = engine.enter_context(recording.cgroup_in(next(iter(CGROUPS.values())), f"cri-containerd-{container}.scope"))
        engine.enter_context(bundle_of(container))
        child = engine.enter_context(hearth.held_sample("recursion", 30))
        (inner / "cgroup.procs").write_text(str(child.pid))
        child.say()
        known = {"container": ANNOTATIONS["io.kubernetes.cri.container-name"], "pod": ANNOTATIONS["io.kubernetes.cri.sandbox-name"],
                 "host": os.uname().nodename if first_process_shows_its_name() else NAME_IN_RUNC}  # fmt: skip
        for label, value in known.items():
            told = run_in_container(
                tmp_path, image_root, capabilities, "record", "-p", str(child.pid), "-d", "1", "--by", label, "-o", "-", "--format", "folded",
                mounted=[path for path in sorted(folders_that_tell_names(schemas)) if os.path.isdir(path)],
            )  # fmt: skip
            assert told.returncode == 0, told
            assert recording.processes([hearth.read_stack(line) for line in told.stdout.splitlines()]) == {value}, told
