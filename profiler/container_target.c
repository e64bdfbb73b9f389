/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/container_target.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "profiler/container_path.h"
#include "profiler/own_worker.h"
#include "profiler/running_containers.h"
#include "worker/worker.h"

#define MAX_SHOWN      8  /* containers in a message */
#define MAX_NAME_SHOWN 64 /* bytes of a name */

DEFINE_CLEANUP(cleanup_worker, struct worker *, worker_free)
DEFINE_CLEANUP(cleanup_running, struct running_containers *, running_containers_free)

/* Names are as whoever started the container chose them. */
static void append_container(struct buffer *to, const struct running_container *container,
			     bool by_id)
{
	if (by_id || !container->name)
		buffer_append(to, container->id, CONTAINER_ID_SHOWN);
	else
		utf8_append_clean(to, container->name, strlen(container->name), MAX_NAME_SHOWN);
	if (!container->pod)
		return;
	buffer_append_string(to, " (pod ");
	utf8_append_clean(to, container->pod, strlen(container->pod), MAX_NAME_SHOWN);
	buffer_append_char(to, ')');
}

static bool is_called(const struct running_container *container, const char *wanted)
{
	return (container->name && !strcmp(container->name, wanted)) ||
	       !strncasecmp(container->id, wanted, strlen(wanted));
}

/* Those that are called so, by their IDs; `wanted` NULL: all, by their names. */
static const char *list(const struct running_containers *running, const char *wanted,
			struct buffer *text)
{
	size_t found = 0;

	for (size_t i = 0; i < running_containers_count(running); i++) {
		const struct running_container container = running_containers_at(running, i);

		if ((wanted && !is_called(&container, wanted)) || found++ >= MAX_SHOWN)
			continue;
		if (found > 1)
			buffer_append_string(text, ", ");
		append_container(text, &container, wanted != NULL);
	}
	if (found > MAX_SHOWN)
		buffer_printf(text, " and %zu more", found - MAX_SHOWN);
	return buffer_string(text) ? text->data : "";
}

static int log_not_found(const struct running_containers *running, const char *wanted)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	if (running_containers_count(running))
		log_error(
			"--container %s: no container that runs is called so, or has an ID that begins so; these run: %s",
			wanted, list(running, NULL, &text));
	else
		log_error("--container %s: no container runs here", wanted);
	return -ENOENT;
}

static int log_several(const struct running_containers *running, const char *wanted)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	log_error("--container %s: several are called so; name one by its ID: %s", wanted,
		  list(running, wanted, &text));
	return -ENOENT;
}

int container_target_find_among(const struct running_containers *running, const char *wanted,
				char **ret_folder)
{
	struct running_container container;
	int error = running_containers_find(running, wanted, &container);

	if (error == -ENOTUNIQ)
		return log_several(running, wanted);
	if (error)
		return log_not_found(running, wanted);
	error = running_container_folder(container.pid, ret_folder);
	if (error == -ENOENT)
		log_error(
			"--container %s: its control group is not to be seen here; no hierarchy that has it is mounted",
			wanted);
	return error;
}

/* A worker of its own: that of the recording is not asked before it is shut in and has begun. */
static int start_worker(struct worker **ret_worker)
{
	const char *failed = "";
	int error = own_worker_new(ret_worker);

	if (!error)
		error = worker_await(*ret_worker, &failed);
	if (!error)
		return 0;
	log_error(
		"--container: cannot shut the worker in, which reads what containers are called: %s: %s (hearth doctor tells what it needs)",
		failed && *failed ? failed : "it ended", strerror(-error));
	return -EPERM;
}

int container_target_find(const char *wanted, char **ret_folder)
{
	_cleanup_(cleanup_worker) struct worker *worker = NULL;
	_cleanup_(cleanup_running) struct running_containers *running = NULL;
	int error = start_worker(&worker);

	if (error)
		return error;
	error = running_containers_new(worker, &running);
	if (error) {
		log_error("--container %s: %s", wanted, strerror(-error));
		return error;
	}
	return container_target_find_among(running, wanted, ret_folder);
}
