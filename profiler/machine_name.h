/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine is called. A container may have a name of its own (uts_namespaces(7)): where the processes of its machine are seen in it, the name is that of
 * the machine's first one.
 */
#ifndef HEARTH_PROFILER_MACHINE_NAME_H
#define HEARTH_PROFILER_MACHINE_NAME_H

#define MACHINE_NAME_SIZE 65 /* bytes, as uname(2) has them */

/*
 * The name that PID 1 has; where that is not permitted, this thread's own; "" where there is none. Any thread may call it: of other threads, and of the children that
 * they start meanwhile, nothing changes.
 */
void machine_name_read(char ret_name[MACHINE_NAME_SIZE]);

#endif
