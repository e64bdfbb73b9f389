/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a library while it runs, lets it do as much work as its own, and unloads it before it ends:
 * mappings that were not there at the start and are gone when names are looked for.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

static SAMPLE_FRAME void work_of_program(void)
{
	sample_work(SAMPLE_BLOCK);
}

static SAMPLE_FRAME void run_plugin(void (*work_of_plugin)(void))
{
	work_of_plugin();
}

/* The plugin lies beside the program; the linker left that folder in its run path. */
static void *load_plugin(void (**ret_work)(void))
{
	void *plugin = dlopen("plugin.so", RTLD_NOW);

	*ret_work = plugin ? (void (*)(void))dlsym(plugin, "plugin_work") : NULL;
	if (!*ret_work) {
		fprintf(stderr, "dlopen: %s\n", dlerror());
		exit(1);
	}
	return plugin;
}

int main(int argument_count, char **arguments)
{
	struct sample_options options = sample_start(arguments);

	(void)argument_count;
	while (!sample_is_over(CLOCK_PROCESS_CPUTIME_ID, options.seconds)) {
		void (*work_of_plugin)(void);
		void *plugin = load_plugin(&work_of_plugin);

		/* Some 20 ms for one load, which costs a tenth of one. */
		for (int i = 0; i < 32; i++) {
			work_of_program();
			run_plugin(work_of_plugin);
		}
		dlclose(plugin);
	}
	sample_end(options);
	return 0;
}
