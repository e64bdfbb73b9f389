# SPDX-License-Identifier: Apache-2.0
"""A wall clock that a test sets for one hearth alone: the machine's own is everybody's.

Only hearth's processes see it (CLOCK_REALTIME of clock_gettime()); the kernel side and files' times are of the machine's clock.
"""

import contextlib
import mmap
import struct
import tempfile
from pathlib import Path

import recording

PRELOADED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile long *ahead_seconds;

static __attribute__((constructor)) void find(void)
{
	const char *path = getenv("CLOCK_AHEAD");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);

	if (mapped != MAP_FAILED)
		ahead_seconds = mapped;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int result;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	result = real(clock, now);
	if (!result && clock == CLOCK_REALTIME && ahead_seconds)
		now->tv_sec += *ahead_seconds;
	return result;
}
"""


class Clock:
    """`options` are for what starts the process."""

    def __init__(self, shared, options):
        self.shared, self.options = shared, options

    def set_ahead(self, seconds):
        """Of the machine's, at once."""
        self.shared[:8] = struct.pack("l", seconds)


@contextlib.contextmanager
def clock():
    with recording.preloaded(PRELOADED) as options, tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        path = Path(folder, "ahead")
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
            yield Clock(shared, options(CLOCK_AHEAD=str(path)))
