/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/demangle_option.h"

int demangle_option_set(const char *value, enum demangle_mode *mode, const char **ret_why)
{
	int error = demangle_mode_by_name(value, mode);

	if (error)
		*ret_why = "one of full, short, none";
	return error;
}
