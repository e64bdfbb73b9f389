/* SPDX-License-Identifier: Apache-2.0 */
/* Why a file that names are read from has none to give, in words: the rows of naming_failures.def. */
#ifndef HEARTH_PROFILER_NAMING_FAILURE_H
#define HEARTH_PROFILER_NAMING_FAILURE_H

struct naming_failure {
	int error; /* an errno; 0: any other */
	const char *name, *words;
};

const struct naming_failure *naming_failure_of(int error); /* never NULL */

#endif
