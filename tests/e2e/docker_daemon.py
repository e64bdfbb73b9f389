# SPDX-License-Identifier: Apache-2.0
"""Docker's daemon as the distribution has it, with everything that it makes in a temporary folder, and no network.

It runs in PID and mount namespaces of its own, with a /run of its own: whatever happens, its processes and mounts end
with the shell that is the first of them, and a containerd of the machine's is not met. That shell ends the daemon by its
pid file when its standard input ends, be it that the test is no more.
"""

import contextlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import hearth
import recording

CLIENT = "/usr/bin/docker"  # the distribution's, whatever other one stands first in PATH
IMAGE = "local/image:1"
OF_CONTAINERS = ["--network=none", "--stop-signal=KILL"]  # a container's first process does not heed SIGTERM

START = r"""
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs hearth-test /run || exit 1
dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=overlay2 --default-ulimit nofile=1024:1024 \
	--data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" -H "unix://$1/sock" >"$1/log" 2>&1 </dev/null &
read -r _
kill "$(cat "$1/pid")"
wait
"""
IN_NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", START, "sh"]


def make_image_tree(folder, programs):
    """A root file system of these programs, in /bin, and of the libraries that they are linked to."""
    (folder / "bin").mkdir(parents=True)
    (folder / "tmp").mkdir()
    for program in programs:
        shutil.copy(program, folder / "bin")
        linked = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", linked):
            place = folder / library[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)


def cgroup_folders():
    """Docker's cgroups and its containers', in each hierarchy of version 1, or the only one of version 2."""
    patterns = [f"{hierarchy}docker{below}" for hierarchy in ("", "*/") for below in ("", "/*")]
    return {path for pattern in patterns for path in Path("/sys/fs/cgroup").glob(pattern) if path.is_dir()}


def cgroup_of(container):
    """The folder of a container's cgroup, by its ID: of version 2, or 1."""
    folders = [Path(f"/sys/fs/cgroup{hierarchy}/docker/{container}") for hierarchy in ("", "/cpu")]
    return next(folder for folder in folders if folder.is_dir())


def remove_cgroups(folders):
    """What a daemon leaves of them is empty; what another one has put its own into meanwhile stays."""
    for folder in sorted(folders, reverse=True):
        with contextlib.suppress(OSError):
            folder.rmdir()


class Daemon:
    def __init__(self, folder, process):
        self.folder = folder
        self.process = process

    def client(self, *arguments, **options):
        """What `docker ARGUMENTS` prints, without the end of the line; it must succeed."""
        ended = subprocess.run(
            [CLIENT, "-H", f"unix://{self.folder}/sock", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=hearth.DEADLINE_SECONDS,
            text=True,
            **options,
        )
        assert ended.returncode == 0, f"docker {arguments}: {ended.stderr}{self.log()[-2000:]}"
        return ended.stdout.rstrip("\n")

    def import_image(self, tree):
        """Makes IMAGE of a folder."""
        with subprocess.Popen(["tar", "-C", tree, "-c", "."], stdout=subprocess.PIPE) as tar:
            self.client("import", "-", IMAGE, stdin=tar.stdout)
        assert tar.returncode == 0

    def create(self, name, *command):
        return self.client("create", "--name", name, *OF_CONTAINERS, IMAGE, *command)

    def run(self, name, *command):
        """Starts a container; gives its ID."""
        return self.client("run", "-d", "--name", name, *OF_CONTAINERS, IMAGE, *command)

    def log(self):
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def is_ready(self):
        assert self.process.process.poll() is None, f"dockerd ended: {self.log()}"
        return "API listen on" in self.log()

    def end(self):
        """Ends it by its pid file; its mounts go with it."""
        if self.process.process.poll() is None:
            ended = self.process.end()
            assert ended.returncode == 0, f"{ended} {self.log()[-2000:]}"


@contextlib.contextmanager
def shell_in_namespaces(folder):
    """When it is over, so are all that it started, and their mounts."""
    first = None
    try:
        with hearth.Child(*IN_NAMESPACES, folder) as process:
            first = recording.until(lambda: recording.children_of(process.pid), "the shell is there")[0]
            yield process
    finally:
        recording.until(lambda: not first or recording.is_over(first), "the namespaces' end")


@contextlib.contextmanager
def running():
    """A daemon that is ready; it may be ended before the `with` block is."""
    cgroups = cgroup_folders()
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        try:
            with shell_in_namespaces(folder) as process:
                daemon = Daemon(Path(folder), process)
                try:
                    recording.until(daemon.is_ready, "dockerd is ready")
                    yield daemon
                finally:
                    daemon.end()
        finally:
            remove_cgroups(cgroup_folders() - cgroups)
