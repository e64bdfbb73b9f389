/* SPDX-License-Identifier: Apache-2.0 */
/* The front, seen from inside: the process that hearth runs under the name FRONT_NAME takes its order from standard input, goes into the cage, and serves until that ends. */
#ifndef HEARTH_PROFILER_FRONT_CHILD_H
#define HEARTH_PROFILER_FRONT_CHILD_H

#define FRONT_NAME "hearth-front" /* as argv[0] */

/* Its exit statuses beside 0. */
#define FRONT_EXIT_FAILED 1 /* it said what */
#define FRONT_EXIT_STUCK  3 /* an answer took too long */

int front_child_main(void);

#endif
