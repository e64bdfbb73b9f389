/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unnamed_frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/log.h"
#include "profiler/modules.h"
#include "profiler/naming_failure.h"
#include "profiler/package_owner.h"
#include "render/readable.h"

#define NAME_MAX_BYTES 256 /* of a module, as it is shown */
#define MEND_MAX_BYTES 256

struct unnamed_module {
	uint64_t frames;
	struct build_id build_id; /* size 0: not known */
};

/* A module in words. */
struct unnamed_words {
	uint64_t frames;
	char name[NAME_MAX_BYTES];
	const char *reason;
	char build_id[2 * BUILD_ID_MAX_BYTES + 1];
	char mend[MEND_MAX_BYTES]; /* empty: nothing that hearth knows of */
	const char *path;          /* whose package is looked for; NULL: none */
};

static const struct {
	const char *comm, *mend;
} runtimes[] = {
#define RUNTIME(comm, mend) { comm, mend },
#include "profiler/runtimes.def"
#undef RUNTIME
};

void unnamed_frames_init(struct unnamed_frames *unnamed)
{
	*unnamed = (struct unnamed_frames){ 0 };
	string_pool_init(&unnamed->keys);
}

void unnamed_frames_release(struct unnamed_frames *unnamed)
{
	string_pool_release(&unnamed->keys);
	buffer_release(&unnamed->modules);
	buffer_release(&unnamed->sorted);
}

/* --- counting --- */

static struct unnamed_module *module_at(const struct unnamed_frames *unnamed, uint32_t index)
{
	return &((struct unnamed_module *)unnamed->modules.data)[index];
}

/* NULL: there is no room for another one. */
static struct unnamed_module *find_or_add(struct unnamed_frames *unnamed,
					  const struct unnamed_key *key)
{
	const char *bytes = (const char *)key;
	uint32_t index;

	if (string_pool_find(&unnamed->keys, bytes, sizeof(*key), &index))
		return module_at(unnamed, index);
	if (unnamed->keys.count >= UNNAMED_FRAMES_MAX_MODULES)
		return NULL;
	buffer_append(&unnamed->modules, &(struct unnamed_module){ 0 },
		      sizeof(struct unnamed_module));
	if (buffer_error(&unnamed->modules) ||
	    string_pool_add(&unnamed->keys, bytes, sizeof(*key), &index))
		return NULL;
	return module_at(unnamed, index);
}

void unnamed_frames_add(struct unnamed_frames *unnamed, const struct unnamed_key *key,
			const struct build_id *build_id, uint64_t frames)
{
	struct unnamed_module *module = find_or_add(unnamed, key);

	if (!module) {
		unnamed->others += frames;
		return;
	}
	module->frames += frames;
	if (build_id)
		module->build_id = *build_id;
}

static uint64_t total(const struct unnamed_frames *unnamed)
{
	uint64_t sum = unnamed->others;

	for (uint32_t i = 0; i < unnamed->keys.count; i++)
		sum += module_at(unnamed, i)->frames;
	return sum;
}

/* --- words --- */

/* What has names could not be read. */
static void explain_failure(const struct unnamed_key *key, const char *what,
			    struct unnamed_words *words)
{
	const struct naming_failure *failure = naming_failure_of((int)key->error);

	words->reason = failure->name;
	snprintf(words->mend, sizeof(words->mend), "%s %s", what, failure->words);
}

static void explain_made_code(const struct unnamed_key *key, struct unnamed_words *words)
{
	size_t row = 0;

	snprintf(words->name, sizeof(words->name), "code made by %.*s", EVENT_COMM_SIZE, key->comm);
	words->reason = key->was_told ? "not_told" : "made_code";
	if (key->error) {
		explain_failure(key, "what it wrote", words);
		return;
	}
	if (key->was_told) {
		snprintf(words->mend, sizeof(words->mend), "what it wrote does not tell of it");
		return;
	}
	while (strncmp(key->comm, runtimes[row].comm, strlen(runtimes[row].comm)))
		row++;
	snprintf(words->mend, sizeof(words->mend), "%s", runtimes[row].mend);
}

/* Of a file whose symbols do not tell. */
static void explain_symbols(const struct module *module, struct unnamed_words *words)
{
	words->reason = "no_symbols";
	words->path = module->path;
	if (*words->build_id)
		snprintf(words->mend, sizeof(words->mend),
			 "a debug file with build-id %s, or --debuginfod", words->build_id);
	else
		snprintf(words->mend, sizeof(words->mend),
			 "it is stripped, and has no build-id to find a debug file by");
}

static void explain_file(const struct modules *modules, const struct unnamed_key *key,
			 struct unnamed_words *words)
{
	const struct module *module = modules_find(modules, key->module);

	snprintf(words->name, sizeof(words->name), "%s",
		 module && *module->name ? module->name : "files that are not known");
	if (!module || module->fd < 0) {
		words->reason = module ? module_absence_name(module->absence) : "refused";
		snprintf(words->mend, sizeof(words->mend), "could not be opened");
	} else if (!module_is_unchanged(module)) {
		words->reason = "changed";
		snprintf(words->mend, sizeof(words->mend), "was overwritten meanwhile");
	} else if (key->error) {
		explain_failure(key, key->is_debug_file ? "its debug file" : "it", words);
	} else {
		explain_symbols(module, words);
	}
}

static void explain(const struct modules *modules, const struct unnamed_key *key,
		    const struct unnamed_module *module, struct unnamed_words *words)
{
	*words = (struct unnamed_words){ .frames = module->frames };
	build_id_format(&module->build_id, words->build_id);
	if (key->module & MODULE_ANONYMOUS) {
		explain_made_code(key, words);
	} else if (key->module == MODULE_VDSO) {
		snprintf(words->name, sizeof(words->name), "the vdso");
		words->reason = "no_symbols";
	} else {
		explain_file(modules, key, words);
	}
}

static int compare_words(const void *left, const void *right)
{
	const struct unnamed_words *a = left, *b = right;

	if (a->frames != b->frames)
		return (a->frames < b->frames) - (a->frames > b->frames);
	return strcmp(a->name, b->name);
}

/* Without dpkg's database the build-id has to do. */
static int explain_packages(struct unnamed_words *words, size_t count, const char *database)
{
	_cleanup_free_ struct package_owner *owners = calloc(count + 1, sizeof(*owners));
	_cleanup_free_ const char **paths = calloc(count + 1, sizeof(*paths));
	int error;

	if (!owners || !paths)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		paths[i] = words[i].path;
	error = package_owner_find(database, paths, count, owners);
	for (size_t i = 0; !error && i < count; i++) {
		if (!*owners[i].debug_package)
			continue;
		if (owners[i].is_installed)
			snprintf(words[i].mend, sizeof(words[i].mend),
				 "%s is installed and does not tell", owners[i].debug_package);
		else
			snprintf(words[i].mend, sizeof(words[i].mend), "package %s",
				 owners[i].debug_package);
	}
	return error == -ENOMEM ? error : 0;
}

static bool is_to_be_said(const struct unnamed_frames *unnamed)
{
	return total(unnamed) * 100 >= unnamed->user_frames * UNNAMED_FRAMES_SAID_PERCENT &&
	       total(unnamed);
}

int unnamed_frames_explain(struct unnamed_frames *unnamed, const struct modules *modules,
			   const char *database)
{
	size_t count = unnamed->keys.count;
	struct unnamed_words *words;

	buffer_clear(&unnamed->sorted);
	words = buffer_extend(&unnamed->sorted, count * sizeof(*words));
	if (!count || !words)
		return buffer_error(&unnamed->sorted);
	for (uint32_t i = 0; i < count; i++) {
		struct unnamed_key key;

		memcpy(&key, string_pool_get(&unnamed->keys, i, NULL), sizeof(key));
		explain(modules, &key, module_at(unnamed, i), &words[i]);
	}
	qsort(words, count, sizeof(*words), compare_words);
	return is_to_be_said(unnamed) ? explain_packages(words, count, database) : 0;
}

/* --- saying --- */

static void append_module(struct buffer *line, const struct unnamed_words *words, bool is_first)
{
	buffer_append_string(line, is_first ? ": " : ", ");
	readable_count(line, words->frames);
	buffer_printf(line, " in %s", words->name);
	if (*words->mend)
		buffer_printf(line, " (%s)", words->mend);
}

static void append_modules(const struct unnamed_frames *unnamed, struct buffer *line)
{
	const struct unnamed_words *words = (const struct unnamed_words *)unnamed->sorted.data;
	size_t count = unnamed->sorted.size / sizeof(*words), i;
	uint64_t more = unnamed->others;

	for (i = 0; i < count && i < UNNAMED_FRAMES_SAID_MODULES; i++)
		append_module(line, &words[i], !i);
	for (size_t rest = i; rest < count; rest++)
		more += words[rest].frames;
	if (!more)
		return;
	buffer_append_string(line, ", and ");
	readable_count(line, more);
	buffer_printf(line, " in %zu more", count - i + (unnamed->others ? 1 : 0));
}

static void log_without_inlined(const struct unnamed_frames *unnamed)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	if (!unnamed->without_inlined)
		return;
	readable_count(&line, unnamed->without_inlined);
	if (buffer_string(&line))
		log_warning(
			"%s ticks are shown without the calls that compilers inlined: files tell of too many",
			buffer_string(&line));
}

void unnamed_frames_log(const struct unnamed_frames *unnamed)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	log_without_inlined(unnamed);
	if (!is_to_be_said(unnamed))
		return;
	readable_count(&line, total(unnamed));
	buffer_append_string(&line, " of ");
	readable_count(&line, unnamed->user_frames);
	buffer_append_string(&line, " user frames (");
	readable_share(&line, total(unnamed), unnamed->user_frames, 1);
	buffer_append_string(&line, ") have no name");
	append_modules(unnamed, &line);
	if (buffer_string(&line))
		log_info("%s", buffer_string(&line));
}

static void write_module(const struct unnamed_words *words, struct buffer *to)
{
	buffer_append_string(to, "{\"module\": ");
	json_append_string(to, words->name, NAME_MAX_BYTES);
	buffer_printf(to, ", \"frames\": %llu, \"reason\": \"%s\", \"build_id\": ",
		      (unsigned long long)words->frames, words->reason);
	json_append_string(to, *words->build_id ? words->build_id : NULL, 2 * BUILD_ID_MAX_BYTES);
	buffer_append_string(to, ", \"mend\": ");
	json_append_string(to, *words->mend ? words->mend : NULL, MEND_MAX_BYTES);
	buffer_append_char(to, '}');
}

void unnamed_frames_write_json(const struct unnamed_frames *unnamed, struct buffer *to)
{
	const struct unnamed_words *words = (const struct unnamed_words *)unnamed->sorted.data;
	size_t count = unnamed->sorted.size / sizeof(*words);

	buffer_printf(
		to,
		"{\"user_frames\": %llu, \"without_name\": %llu, \"ticks_without_inlined\": %llu,\n    \"modules\": [",
		(unsigned long long)unnamed->user_frames, (unsigned long long)total(unnamed),
		(unsigned long long)unnamed->without_inlined);
	for (size_t i = 0; i < count; i++) {
		buffer_append_string(to, i ? ",\n      " : "\n      ");
		write_module(&words[i], to);
	}
	buffer_append_string(to, "]}");
}
