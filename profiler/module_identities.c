/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/module_identities.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "elf/build_id.h"
#include "profiler/modules.h"
#include "worker/name_service.h"
#include "worker/worker.h"

/* So often a file is asked about when that fails. */
#define MAX_FAILURES 4

void module_identities_init(struct module_identities *identities)
{
	string_pool_init(&identities->strings);
	u64_map_init(&identities->known);
	u64_map_init(&identities->earlier);
	u64_map_init(&identities->failures);
	known_code_init(&identities->code);
}

void module_identities_release(struct module_identities *identities)
{
	string_pool_release(&identities->strings);
	u64_map_release(&identities->known);
	u64_map_release(&identities->earlier);
	u64_map_release(&identities->failures);
	known_code_release(&identities->code);
}

size_t module_identities_count(const struct module_identities *identities)
{
	const size_t modules = identities->known.count, strings = identities->strings.count;

	return modules > strings ? modules : strings;
}

uint32_t module_identities_get(const struct module_identities *identities, uint64_t module)
{
	return u64_map_get(&identities->known, module);
}

uint32_t module_identities_get_earlier(const struct module_identities *identities, uint64_t module)
{
	return u64_map_get(&identities->earlier, module);
}

/* --- learning --- */

/* One without a build-id is told from others while this hearth runs. */
static void describe(const struct module *module, const struct build_id *id, bool is_for_now,
		     char *text, size_t size)
{
	if (id->size)
		build_id_format(id, text);
	else
		snprintf(text, size, "%s-%016" PRIx64, is_for_now ? "unread" : "key", module->id);
}

static int keep_identity(struct module_identities *identities, const struct module *module,
			 const struct build_id *id, bool is_for_now)
{
	char text[2 * BUILD_ID_MAX_BYTES + 32];
	uint32_t string;
	int error;

	describe(module, id, is_for_now, text, sizeof(text));
	error = string_pool_add(&identities->strings, text, strlen(text), &string);
	if (!error && is_for_now)
		error = u64_map_set(&identities->earlier, module->id, string);
	return error ? error : u64_map_set(&identities->known, module->id, string);
}

static int note_code(struct module_identities *identities, const struct answer *answer)
{
	char text[2 * BUILD_ID_MAX_BYTES + 1];

	if (!answer->build_id.size)
		return 0;
	build_id_format(&answer->build_id, text);
	return known_code_add(&identities->code, text, &answer->segments);
}

/* It is no fault of the file's, or need not be: there was no worker, or it ended, or took too long, as on a busy disk. */
static bool may_pass(int error)
{
	return error == -EAGAIN || error == -EPIPE || error == -ETIMEDOUT || error == -ECANCELED;
}

/* Is it to be asked again, with the next window? */
static bool asks_again(struct module_identities *identities, uint64_t module, int error)
{
	uint32_t failures = u64_map_get(&identities->failures, module);

	if (!may_pass(error))
		return false;
	failures = failures == U64_MAP_ABSENT ? 1 : failures + 1;
	return failures < MAX_FAILURES && !u64_map_set(&identities->failures, module, failures);
}

static int learn(struct module_identities *identities, struct worker *worker,
		 const struct module *module)
{
	const struct symbol_request request = {
		.space = SYMBOL_FILE,
		.fd = module->fd,
		.without_inlined = true,
		.without_lines = true,
	};
	const struct debug_candidate none = { .fd = -1 };
	struct debug_identity identity;
	struct build_id id = { .size = 0 };
	struct answer answer;
	uint64_t cpu_ns;
	int error = module->fd >= 0 && module_is_unchanged(module)
			    ? name_service_submit(worker, &request, &none)
			    : -ENOENT;

	if (!error)
		error = name_service_take(worker, 0, &answer, &identity, &cpu_ns);
	if (!error) {
		id = answer.build_id;
		error = note_code(identities, &answer);
		answer_release(&answer);
	}
	if (error == -ENOMEM)
		return error;
	return keep_identity(identities, module, &id,
			     module->fd < 0 || asks_again(identities, module->id, error));
}

static bool is_known(const struct module_identities *identities, const struct module *module)
{
	const uint32_t identity = u64_map_get(&identities->known, module->id);

	return identity != U64_MAP_ABSENT &&
	       (module->fd < 0 || identity != u64_map_get(&identities->earlier, module->id));
}

int module_identities_learn(struct module_identities *identities, struct worker *worker,
			    const struct module *module)
{
	return is_known(identities, module) ? 0 : learn(identities, worker, module);
}
