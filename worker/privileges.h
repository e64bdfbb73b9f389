/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command of root's gives up before it reads files of others in its own process: all but reading. For one that
 * has to open what a file refers to (debug files); whatever gets its files handed in goes into the cage instead (cage.h).
 *
 * Whoever takes such a process over finds a user and a group that nobody else has (CAGE_FIRST_ID + its PID), the right to read
 * any file and no other capability, a network and IPC of its own with nothing in them, and no way to get more. What any user
 * may do on this machine (sockets in the file system, files in /tmp) it may do, too. A root without the right to read any file (in a
 * container) stays root, without capabilities, and is told.
 */
#ifndef HEARTH_WORKER_PRIVILEGES_H
#define HEARTH_WORKER_PRIVILEGES_H

/*
 * For this process, of one thread, and for good. 0, also where this is not root's and there is nothing to give up; or
 * -errno and what failed first, in words for the user: all else is given up.
 */
int privileges_keep_reading(const char **ret_failed);

/* The same for a program that this process becomes next, which has the kernel's addresses to read besides (CAP_SYSLOG: /proc/kallsyms). */
int privileges_keep_reading_program(const char **ret_failed);

#endif
