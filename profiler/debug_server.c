/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/debug_server.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "profiler/interrupts.h"

#define LIBRARY "libdebuginfod.so.1"

/* Slower than 100 KB in so many seconds is given up; larger than that is not fetched. The user's own word counts more. */
#define TIMEOUT_SECONDS "20"
#define MAX_FILE_BYTES  "1073741824"

/* elfutils/debuginfod.h */
struct debuginfod_client;

struct debug_server {
	void *library;
	struct debuginfod_client *client;
	struct debuginfod_client *(*begin)(void);
	int (*find_debuginfo)(struct debuginfod_client *client, const unsigned char *build_id,
			      int build_id_len, char **path);
	void (*set_progressfn)(struct debuginfod_client *client,
			       int (*fn)(struct debuginfod_client *client, long a, long b));
	void (*end)(struct debuginfod_client *client);
	bool is_given_up;
};

/* Of the file that is being fetched: the library's callback has no context. */
static struct {
	const char *name;
	uint64_t end_ns; /* CLOCK_MONOTONIC */
	bool is_shown;
} fetching;

/* Other than 0: enough. */
static int show_progress(struct debuginfod_client *client, long done, long whole)
{
	(void)client;
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\rfetching the debug file of %s: %ld of %ld kB ", fetching.name,
			done / 1000, whole / 1000);
		fetching.is_shown = true;
	}
	return interrupts_end_fetching() || clock_monotonic_ns() > fetching.end_ns;
}

static void clear_progress(void)
{
	if (fetching.is_shown)
		fprintf(stderr, "\r\033[K");
	fetching.is_shown = false;
}

static bool load_functions(struct debug_server *server)
{
	server->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!server->library)
		return false;
	*(void **)&server->begin = dlsym(server->library, "debuginfod_begin");
	*(void **)&server->find_debuginfo = dlsym(server->library, "debuginfod_find_debuginfo");
	*(void **)&server->set_progressfn = dlsym(server->library, "debuginfod_set_progressfn");
	*(void **)&server->end = dlsym(server->library, "debuginfod_end");
	return server->begin && server->find_debuginfo && server->set_progressfn && server->end;
}

static int open_client(struct debug_server *server)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (!urls || !*urls) {
		log_error(
			"--debuginfod: which servers? DEBUGINFOD_URLS names them, as in DEBUGINFOD_URLS=https://debuginfod.debian.net");
		return -EINVAL;
	}
	if (!load_functions(server)) {
		log_error("--debuginfod: " LIBRARY
			  " is not here: install it (on Debian the package libdebuginfod1)");
		return -EOPNOTSUPP;
	}
	setenv("DEBUGINFOD_TIMEOUT", TIMEOUT_SECONDS, 0);
	setenv("DEBUGINFOD_MAXSIZE", MAX_FILE_BYTES, 0);
	server->client = server->begin();
	if (!server->client) {
		log_error("--debuginfod: the client cannot be started");
		return -ENOMEM;
	}
	server->set_progressfn(server->client, show_progress);
	fetching.end_ns = 0;
	return 0;
}

int debug_server_new(struct debug_server **ret_server)
{
	struct debug_server *server = calloc(1, sizeof(*server));
	int error = server ? open_client(server) : -ENOMEM;

	if (error)
		debug_server_free(server);
	else
		*ret_server = server;
	return error;
}

void debug_server_free(struct debug_server *server)
{
	if (!server)
		return;
	if (server->client)
		server->end(server->client);
	if (server->library)
		dlclose(server->library);
	free(server);
}

/* That a server has not a file, or a too large one, is of that file; all else goes for the next file as well. */
static void give_up(struct debug_server *server, int error)
{
	if (error == -ENOENT || error == -EFBIG || error == -EINVAL)
		return;
	server->is_given_up = true;
	if (interrupts_end_fetching())
		return; /* the user knows */
	if (clock_monotonic_ns() > fetching.end_ns)
		log_warning("--debuginfod: no more files are fetched after %d s",
			    DEBUG_SERVER_MAX_SECONDS);
	else
		log_warning("--debuginfod: no more files are fetched from %s: %s",
			    getenv("DEBUGINFOD_URLS"), strerror(-error));
}

int debug_server_find(struct debug_server *server, const struct build_id *build_id,
		      const char *name, int *ret_fd)
{
	int fd;

	if (server->is_given_up || interrupts_end_fetching())
		return -ENOENT;
	if (!fetching.end_ns)
		fetching.end_ns = clock_monotonic_ns() + DEBUG_SERVER_MAX_SECONDS * 1000000000ull;
	fetching.name = name;
	fd = server->find_debuginfo(server->client, build_id->bytes, (int)build_id->size, NULL);
	clear_progress();
	if (fd < 0) {
		give_up(server, fd);
		return -ENOENT;
	}
	*ret_fd = fd;
	return 0;
}
