/* SPDX-License-Identifier: Apache-2.0 */
/* The cage's filter of system calls: those of cage_calls.def are allowed, to the opener those of opener_calls.def, to the front those of front_calls.def, too; any other one fails with EPERM. */
#ifndef HEARTH_WORKER_CAGE_FILTER_H
#define HEARTH_WORKER_CAGE_FILTER_H

#include "worker/cage.h"

/* For this thread and for good; it must have no_new_privs. 0 or -errno. */
int cage_filter_install(enum cage_kind kind);

#endif
