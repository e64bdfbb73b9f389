/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_access.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_folder.h"
#include "store/store_reader.h"
#include "store/store_writer.h"

#define SET_ASIDE_BYTES 1024 /* of what is said of them: of very many not all are named */

int store_access_check(const char *folder)
{
	struct stat status;

	if (stat(folder, &status)) {
		log_error("cannot open the store %s: %s; --store DIR names another one", folder,
			  strerror(errno));
		return -errno;
	}
	if (geteuid() || !status.st_uid)
		return 0;
	log_error(
		"the store %s is another user's, which root does not read: setpriv --reuid=%u --clear-groups hearth ...",
		folder, status.st_uid);
	return -EPERM;
}

static void tell_unread(const char *folder, int error)
{
	if (error == -EACCES)
		log_error("the store %s may be read by others than you: be in its group, or root",
			  folder);
	else
		log_error("cannot read the store %s: %s; --store DIR names another one", folder,
			  strerror(-error));
}

int store_access_find(const char *folder)
{
	_cleanup_free_ char *lock = NULL;
	struct slice_list list;
	int error = store_folder_list(folder, &list);
	size_t slices = list.count;

	slice_list_release(&list);
	if (error) {
		tell_unread(folder, error);
		return error;
	}
	if (asprintf(&lock, "%s/" STORE_LOCK, folder) < 0) {
		lock = NULL;
		tell_unread(folder, -ENOMEM);
		return -ENOMEM;
	}
	if (slices || !access(lock, F_OK))
		return 0;
	log_error("%s is no store: nothing of hearth's is in it; --store DIR names another one",
		  folder);
	return -ENOENT;
}

static bool was_set_aside(const struct slice_list *before, const struct slice_entry *entry)
{
	for (size_t i = 0; i < before->count; i++)
		if (before->entries[i].number == entry->number)
			return before->entries[i].state == SLICE_SET_ASIDE;
	return false;
}

/* "000012-damaged.slice"; those that were set aside before are not named again. */
static void append_names(const char *folder, const struct slice_list *before,
			 const struct slice_list *list, struct buffer *to)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct slice_entry *entry = &list->entries[i];
		_cleanup_free_ char *path = NULL;

		if (entry->state != SLICE_SET_ASIDE || was_set_aside(before, entry))
			continue;
		path = store_folder_path(folder, entry);
		buffer_append_string(to, to->size ? ", " : ": ");
		buffer_append_string(to, path ? path + strlen(folder) + 1 : "?");
	}
}

/* What is not known is not named, and counted all the same. */
static void note_set_aside(struct store_writer *writer, const char *folder,
			   const struct slice_list *before, size_t count)
{
	_cleanup_(buffer_release) struct buffer names = { 0 };
	struct slice_list list;
	char text[SET_ASIDE_BYTES];
	const struct store_event event = { clock_unix_ns(), EVENT_SLICES_DAMAGED, EVENT_NO_PID,
					   text };

	if (!store_folder_list(folder, &list))
		append_names(folder, before, &list, &names);
	slice_list_release(&list);
	snprintf(text, sizeof(text), "%zu slice%s not ended %s damaged and set aside%s", count,
		 count == 1 ? " that was" : "s that were", count == 1 ? "is" : "are",
		 names.size && buffer_string(&names) ? buffer_string(&names) : "");
	log_warning("%s: %s", folder, text);
	if (store_writer_add_events(writer, &event, 1))
		log_warning("an event is lost: %s", strerror(ENOMEM));
}

int store_access_write(const char *folder, struct store_writer **ret_writer)
{
	size_t set_aside = 0;
	struct slice_list before;
	int error = access(folder, F_OK) ? 0 : store_access_check(folder);

	if (error)
		return error;
	store_folder_list(folder, &before); /* none where there is no folder yet */
	error = store_writer_open(folder, ret_writer, &set_aside);
	if (error == -EWOULDBLOCK)
		log_error("%s: another hearth writes into this store", folder);
	else if (error)
		log_error("cannot write into the store %s: %s", folder, strerror(-error));
	if (!error && set_aside)
		note_set_aside(*ret_writer, folder, &before, set_aside);
	slice_list_release(&before);
	return error;
}

/* What is told of damage. */
struct telling {
	const char *folder;
	uint64_t damaged;
};

static void tell(void *context, const struct slice_entry *slice, const struct slice_report *report,
		 int error)
{
	struct telling *telling = context;
	_cleanup_free_ char *path = store_folder_path(telling->folder, slice);
	const char *name = path ? path : "a slice";

	telling->damaged++;
	if (error == -EBADMSG)
		log_warning("%s: it is damaged: %llu of its chunks could be read", name,
			    (unsigned long long)(report->chunks - report->damaged));
	else if (error == -ENOTSUP)
		log_warning("%s: a newer hearth has written it; it is left out", name);
	else if (error)
		log_warning("%s: left out: %s", name, strerror(-error));
	else if (report->damaged || report->missing)
		log_warning("%s: %llu of its chunks are damaged and %llu are missing", name,
			    (unsigned long long)report->damaged,
			    (unsigned long long)report->missing);
	else if (report->is_mended)
		log_warning("%s: it is damaged, but all of its %llu chunks could be read", name,
			    (unsigned long long)report->chunks);
	else
		log_warning("%s: its end is missing", name);
}

typedef int (*collect_fn)(const char *folder, struct window_span part, store_damage_fn damaged,
			  void *context, struct buffer *stream);

static int collect_by(collect_fn fn, const char *folder, struct window_span part,
		      struct buffer *stream, uint64_t *ret_damaged)
{
	struct telling telling = { .folder = folder };
	int error = store_access_check(folder);

	if (!error)
		error = store_access_find(folder);
	if (error)
		return error;
	error = fn(folder, part, tell, &telling, stream);
	*ret_damaged = telling.damaged;
	if (error)
		tell_unread(folder, error);
	return error;
}

int store_access_collect(const char *folder, struct window_span part, struct buffer *stream,
			 uint64_t *ret_damaged)
{
	return collect_by(store_collect, folder, part, stream, ret_damaged);
}

int store_access_collect_events(const char *folder, struct window_span part, struct buffer *stream,
				uint64_t *ret_damaged)
{
	return collect_by(store_collect_events, folder, part, stream, ret_damaged);
}
