/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded: comes before the question to the kernel about its code, the only run of a program that has no context, with CPU time
 * (WORK_MS) or an error in its place (ANSWER); and before the load of that program, which then fails (UNLOADED).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int bpf_prog_test_run_opts(int program, struct bpf_test_run_opts *options)
{
	int (*real)(int, struct bpf_test_run_opts *) = dlsym(RTLD_NEXT, "bpf_prog_test_run_opts");
	const char *error = getenv("ANSWER"), *work = getenv("WORK_MS");
	clock_t end = clock() + (work ? atoi(work) * (CLOCKS_PER_SEC / 1000) : 0);

	if (options->ctx_in)
		return real(program, options);
	while (clock() < end)
		;
	errno = error ? atoi(error) : 0;
	return error ? -1 : real(program, options);
}

int bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton)
{
	int (*real)(struct bpf_object_skeleton *) = dlsym(RTLD_NEXT, "bpf_object__load_skeleton");
	const char *error = getenv("UNLOADED");

	if (!error || strcmp(skeleton->name, "kernel_words_bpf") != 0)
		return real(skeleton);
	errno = atoi(error);
	return -errno;
}
