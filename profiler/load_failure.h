/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEARTH_PROFILER_LOAD_FAILURE_H
#define HEARTH_PROFILER_LOAD_FAILURE_H

#include <stdbool.h>

/*
 * Says, unless it is to be quiet, why the BPF program could not be loaded, of which `error` came: -EPERM, which an ordinary user
 * meets, or -EOPNOTSUPP for all else; quiet: `error` itself.
 */
int load_failure_explain(int error, bool quiet);

#endif
