/* SPDX-License-Identifier: Apache-2.0 */
#include "model/regexp.h"

#include <errno.h>

int regexp_matches(const regex_t *regexp, const char *text, bool *ret_matches)
{
	int before = errno, result, error;

	errno = 0;
	result = regexec(regexp, text, 0, NULL, 0);
	error = result && (result == REG_ESPACE || errno == ENOMEM) ? -ENOMEM : 0;
	errno = before;
	if (!error)
		*ret_matches = !result;
	return error;
}
