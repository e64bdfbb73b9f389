/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/object_costs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/buffer.h"
#include "base/cleanup.h"

/* The kernel tells a map's memory in the "memlock:" line of its descriptor. */
static uint64_t map_bytes(int fd)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char path[64];
	const char *line;
	uint64_t bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (buffer_read_file(&text, path, 64 * 1024) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "memlock:");
	if (line)
		bytes = strtoull(line + strlen("memlock:"), NULL, 10);
	return bytes;
}

uint64_t object_map_bytes(const struct bpf_object *object)
{
	struct bpf_map *map;
	uint64_t bytes = 0;

	bpf_object__for_each_map(map, object) bytes += map_bytes(bpf_map__fd(map));
	return bytes;
}

uint64_t object_run_ns(const struct bpf_object *object, const struct bpf_program *but)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (program == but || bpf_program__fd(program) < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			sum += info.run_time_ns;
	}
	return sum;
}
