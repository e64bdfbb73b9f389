/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opener, seen from inside: the process that hearth runs under the name OPENER_NAME goes into its cage and answers
 * questions on its standard input (opener_protocol.h) until that ends. It parses nothing: whatever it opens it only maps and copies.
 */
#ifndef HEARTH_WORKER_OPENER_CHILD_H
#define HEARTH_WORKER_OPENER_CHILD_H

#include "worker/cage.h"

#define OPENER_NAME "hearth-opener" /* as argv[0] */

/* Comes back with an exit status. */
int opener_child_run(const struct cage_limits *limits);

/* opener_child_run() with the opener's own limits. */
int opener_child_main(void);

#endif
