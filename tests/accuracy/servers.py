# SPDX-License-Identifier: Apache-2.0
"""Servers as programs of the table: `hearth record` starts them, a load drives them, then they are told to end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from work import DEADLINE_SECONDS, Work

LOAD_SECONDS = 3


def run(*command, **options):
    return subprocess.run(
        [str(word) for word in command], check=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


def wait_for(is_so, what):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not before the deadline: {what}")
        time.sleep(0.01)


def read_pid(path):
    try:
        return int(path.read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return 0  # not there yet, or half written


def end_by_pid_file(path, number):
    """The server wrote it itself: no other process is meant."""
    wait_for(lambda: read_pid(path), path)
    os.kill(read_pid(path), number)


# --- postgres ---------------------------------------------------------------------------------------


POSTGRES_USER = "postgres"  # it refuses to run as root


def find_postgres():
    """The folder of its programs: Debian keeps each version's apart."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else Path(shutil.which("postgres")).parent


def postgres(folder):
    """A server of its own on a socket in `folder`, and pgbench's mix of writing transactions."""
    bin, data = find_postgres(), folder / "data"
    as_user = ["runuser", "-u", POSTGRES_USER, "--"]
    entry = pwd.getpwnam(POSTGRES_USER)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    run(*as_user, bin / "initdb", "-D", data, "-A", "trust", "--no-sync", cwd=folder)

    def drive():
        client = [*as_user, bin / "pgbench", "-h", folder, "-U", POSTGRES_USER]
        is_ready = [bin / "pg_isready", "-q", "-h", folder]
        try:
            wait_for(lambda: subprocess.run(is_ready).returncode == 0, "postgres is ready")
            run(*client, "-i", "-q", "postgres", cwd=folder)
            run(*client, "-c", "4", "-T", LOAD_SECONDS, "postgres", cwd=folder)
        finally:
            end_by_pid_file(data / "postmaster.pid", signal.SIGINT)

    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    return Work([*as_user, str(bin / "postgres"), "-D", str(data), *options], drive, folder)


# --- nginx ------------------------------------------------------------------------------------------

NGINX_CONFIGURATION = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
	access_log {folder}/access.log;
	client_body_temp_path {folder};
	proxy_temp_path {folder};
	fastcgi_temp_path {folder};
	uwsgi_temp_path {folder};
	scgi_temp_path {folder};
	keepalive_requests 1000000;
	gzip on;
	gzip_types text/plain;
	server {{
		listen unix:{folder}/socket;
		root {folder};
		location / {{ }}
	}}
}}
"""
PIPELINED = 50  # requests sent at a time: the load costs less than the server
REQUEST = b"GET /page.txt HTTP/1.1\r\nHost: here\r\nAccept-Encoding: gzip\r\n\r\n"


def ask(address, seconds):
    """Requests over one connection until the time is over."""
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DEADLINE_SECONDS)
        connection.connect(str(address))
        while time.monotonic() < end:
            connection.sendall(PIPELINED * REQUEST)
            ends = 0
            tail = b""
            while ends < PIPELINED:  # each reply is chunked, for it is compressed as it is sent
                data = connection.recv(1 << 20)
                if not data:
                    raise ConnectionError("nginx closed the connection")
                ends += (tail + data).count(b"\r\n0\r\n\r\n")
                tail = data[-6:] if len(data) >= 6 else (tail + data)[-6:]


def nginx(folder):
    """A server of its own on a socket in `folder`, asked for one compressed page over and over."""
    configuration, address = folder / "nginx.conf", folder / "socket"
    configuration.write_text(NGINX_CONFIGURATION.format(folder=folder))
    (folder / "page.txt").write_text("".join(f"{i} bottles on the wall\n" for i in range(400)))
    for path in (folder, folder / "page.txt"):
        path.chmod(0o755)

    def drive():
        try:
            wait_for(address.exists, "nginx listens")
            ask(address, LOAD_SECONDS)
        finally:
            end_by_pid_file(folder / "nginx.pid", signal.SIGTERM)

    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-e", folder / "error.log", "-c", configuration]
    return Work([str(word) for word in command], drive, folder)
