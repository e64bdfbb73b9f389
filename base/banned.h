/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that write without knowing the size of what they write to, or hide an error of their
 * input. Included ahead of every C file by the build (-include), so that using one does not compile.
 */
#ifndef HEARTH_BASE_BANNED_H
#define HEARTH_BASE_BANNED_H

/* The C library declares them first: a poisoned name may not be declared any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof gmtime localtime ctime asctime mktemp tmpnam tempnam

#endif
