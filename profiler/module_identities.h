/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what the files of modules are told from others: the digits of the build-id, or, where there is none, what stands for it while this hearth runs. Where their code lies is learnt with it (known_code.h).
 *
 * A file that was not there, or that the worker could not read just then, when its module was met first has another identity as long as that is so, by which frames may be stored already. One thread at a time.
 */
#ifndef HEARTH_PROFILER_MODULE_IDENTITIES_H
#define HEARTH_PROFILER_MODULE_IDENTITIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/string_pool.h"
#include "base/u64_map.h"
#include "profiler/known_code.h"

struct module;
struct worker;

struct module_identities {
	struct string_pool strings;
	struct u64_map known; /* module -> string */
	struct u64_map
		earlier; /* the same, of those that were met without a file, or whose question failed */
	struct u64_map failures; /* module -> how often it did */
	struct known_code code;  /* of files with a build-id */
};

void module_identities_init(struct module_identities *identities);
void module_identities_release(struct module_identities *identities);

/* Of modules, or of strings, whatever are more. */
size_t module_identities_count(const struct module_identities *identities);

/* Asks the worker, if it is not known, or was not there and is now: 0 or -ENOMEM. One that cannot be read has no build-id. */
int module_identities_learn(struct module_identities *identities, struct worker *worker,
			    const struct module *module);

/* The string of a module, or U64_MAP_ABSENT; and the one that it had without a file. */
uint32_t module_identities_get(const struct module_identities *identities, uint64_t module);
uint32_t module_identities_get_earlier(const struct module_identities *identities, uint64_t module);

#endif
