/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/cpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char *parse_number(const char *at, unsigned long *ret_number)
{
	char *end;

	if (*at < '0' || *at > '9')
		return NULL;
	*ret_number = strtoul(at, &end, 10);
	return *ret_number < CPUS_MAX ? end : NULL;
}

int cpus_parse(const char *list, struct cpu_set_list *ret_cpus)
{
	struct cpu_set_list cpus = { .end = 0 };

	for (const char *at = list; *at && *at != '\n'; at += *at == ',') {
		unsigned long first, last;

		at = parse_number(at, &first);
		last = first;
		if (at && *at == '-')
			at = parse_number(at + 1, &last);
		if (!at || last < first || (*at && *at != ',' && *at != '\n'))
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			cpus.has[cpu] = true;
		if (last >= cpus.end)
			cpus.end = last + 1;
	}
	*ret_cpus = cpus;
	return 0;
}

int cpus_open(const char *which)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", which);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cpus_read_opened(int fd, struct cpu_set_list *ret_cpus)
{
	char list[4096];
	ssize_t size;

	if (fd < 0)
		return fd;
	size = pread(fd, list, sizeof(list) - 1, 0);
	if (size < 0)
		return -errno;
	list[size] = '\0';
	return cpus_parse(list, ret_cpus);
}

int cpus_read(const char *which, struct cpu_set_list *ret_cpus)
{
	_cleanup_close_ int fd = cpus_open(which);

	return cpus_read_opened(fd, ret_cpus);
}
