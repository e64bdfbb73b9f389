/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/budget_options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_size.h"
#include "profiler/budget.h"

#define PPM_A_PERCENT 10000
#define PERCENT_MIN   0.01
#define PERCENT_MAX   100000.0 /* of one CPU: those of a thousand */

/* hearth's programs, tables and processes take some 50 MiB where nothing happens. */
#define MEMORY_MIN_BYTES (64ull << 20)

static int set_max_cpu(void *context, const char *name, const char *value, const char **ret_why)
{
	struct budget_limits *limits = context;
	char *end;
	double percent = strtod(value, &end);

	(void)name;
	/* No sign, no "0x1p3", no "inf". */
	if (strspn(value, "0123456789.") != (size_t)(end - value) || end == value ||
	    strcmp(end, "%") != 0 || percent < PERCENT_MIN || percent > PERCENT_MAX) {
		*ret_why =
			"a share of one CPU in percent, from 0.01% on, such as 1% or 0.5%; 200% are two CPUs";
		return -EINVAL;
	}
	limits->cpu_ppm = (uint64_t)llround(percent * PPM_A_PERCENT);
	return 0;
}

static int set_max_memory(void *context, const char *name, const char *value, const char **ret_why)
{
	struct budget_limits *limits = context;
	uint64_t bytes;

	(void)name;
	if (byte_size_parse(value, &bytes, ret_why))
		return -EINVAL;
	if (bytes < MEMORY_MIN_BYTES) {
		*ret_why = "hearth needs 64M at least";
		return -EINVAL;
	}
	limits->memory_bytes = bytes;
	return 0;
}

const struct option_row budget_rows[] = {
	{ "max-cpu", 0, "SHARE",
	  "of one CPU, for hearth and its programs in the kernel: above it the rate is lowered",
	  set_max_cpu, .default_value = "1%" },
	{ "max-memory", 0, "SIZE",
	  "for both, but not to answer questions: above it caches are made smaller, then the rate is lowered",
	  set_max_memory, .default_value = "150M" },
};

const size_t budget_row_count = sizeof(budget_rows) / sizeof(budget_rows[0]);
