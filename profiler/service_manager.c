/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/service_manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "profiler/options.h"

#define SOCKET_NAME   "NOTIFY_SOCKET"
#define WATCHDOG_TIME "WATCHDOG_USEC"
#define WATCHDOG_PID  "WATCHDOG_PID"
#define JOURNAL_NAME  "JOURNAL_STREAM"

#define NS_PER_US          1000
#define WAIT_SECONDS       5
#define STATUS_MAX_BYTES   512
#define WATCHDOG_MOST_USEC ((uint64_t)24 * 3600 * 1000000)

/* A path, or behind '@' an abstract name: of unix(7). */
static int set_address(const char *name, struct sockaddr_un *address, socklen_t *ret_size)
{
	const size_t size = strlen(name);

	if ((*name != '/' && *name != '@') || size < 2)
		return -EAFNOSUPPORT;
	if (size >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, name, size);
	if (*name == '@')
		address->sun_path[0] = '\0';
	*ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (*name == '/'));
	return 0;
}

static int open_socket(const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct timeval wait = { .tv_sec = WAIT_SECONDS };
	struct sockaddr_un address;
	socklen_t size;
	int error = set_address(name, &address, &size);

	if (error)
		return error;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
	    connect(fd, (const struct sockaddr *)&address, size))
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* 0 where it watches another process, or none. */
static uint64_t watchdog_ns(void)
{
	const char *pid = getenv(WATCHDOG_PID), *time = getenv(WATCHDOG_TIME);
	const uint64_t self = (uint64_t)getpid();
	uint64_t value;

	if (pid && parse_u64(pid, self, self, &value))
		return 0;
	return time && !parse_u64(time, 1, WATCHDOG_MOST_USEC, &value) ? value * NS_PER_US : 0;
}

int service_manager_init(struct service_manager *manager)
{
	const char *name = getenv(SOCKET_NAME);
	int error;

	*manager = (struct service_manager){ .fd = -1 };
	error = name ? open_socket(name, &manager->fd) : 0;
	if (manager->fd >= 0)
		manager->watchdog_ns = watchdog_ns();
	unsetenv(SOCKET_NAME);
	unsetenv(WATCHDOG_TIME);
	unsetenv(WATCHDOG_PID);
	return error;
}

void service_manager_release(struct service_manager *manager)
{
	cleanup_close(&manager->fd);
	manager->fd = -1;
}

uint64_t service_manager_alive_ns(const struct service_manager *manager)
{
	return manager->watchdog_ns / 2;
}

static int tell(const struct service_manager *manager, const char *text, size_t size, int flags)
{
	if (manager->fd < 0)
		return 0;
	return send(manager->fd, text, size, MSG_NOSIGNAL | flags) < 0 ? -errno : 0;
}

/* Of a status its first line: a further one would be a message of its own. */
static int tell_with_status(const struct service_manager *manager, const char *what,
			    const char *status, int flags)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const size_t size = strcspn(status, "\n");

	buffer_printf(&text, "%sSTATUS=%.*s\n", what,
		      (int)(size < STATUS_MAX_BYTES ? size : STATUS_MAX_BYTES), status);
	return buffer_error(&text) ? -ENOMEM : tell(manager, text.data, text.size, flags);
}

int service_manager_ready(const struct service_manager *manager, const char *status)
{
	return tell_with_status(manager, "READY=1\n", status, 0);
}

/* With the time, by which it tells this from what was said before it asked. */
int service_manager_reloading(const struct service_manager *manager)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
			    clock_monotonic_ns() / NS_PER_US);

	return tell(manager, text, (size_t)size, MSG_DONTWAIT);
}

int service_manager_stopping(const struct service_manager *manager, const char *status)
{
	return tell_with_status(manager, "STOPPING=1\n", status, MSG_DONTWAIT);
}

int service_manager_alive(const struct service_manager *manager)
{
	static const char text[] = "WATCHDOG=1\n";

	return tell(manager, text, strlen(text), MSG_DONTWAIT);
}

int service_manager_status(const struct service_manager *manager, const char *status)
{
	return tell_with_status(manager, "", status, MSG_DONTWAIT);
}

bool service_manager_has_journal(void)
{
	const char *name = getenv(JOURNAL_NAME);
	struct stat status;
	char wanted[64];

	if (!name || fstat(STDERR_FILENO, &status))
		return false;
	snprintf(wanted, sizeof(wanted), "%ju:%ju", (uintmax_t)status.st_dev,
		 (uintmax_t)status.st_ino);
	return !strcmp(name, wanted);
}
