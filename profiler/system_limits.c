/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/system_limits.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"

int system_limit_read(const char *path, uint64_t *ret_value)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int error = buffer_read_file(&text, path, 4096);
	unsigned long long value;
	char *end;

	if (error)
		return error;
	if (!buffer_string(&text))
		return -ENOMEM;
	errno = 0;
	value = strtoull(text.data, &end, 10);
	if (errno || end == text.data)
		return -EINVAL;
	*ret_value = value;
	return 0;
}
