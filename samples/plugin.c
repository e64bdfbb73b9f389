/* SPDX-License-Identifier: Apache-2.0 */
/* The library that dlopen.c loads. */
#include "sample.h"

void plugin_work(void);

/* Not visible: its name is in .symtab only. */
static SAMPLE_FRAME void work_inside_plugin(void)
{
	sample_work(SAMPLE_BLOCK);
}

__attribute__((visibility("default"))) SAMPLE_FRAME void plugin_work(void)
{
	work_inside_plugin();
	__asm__ volatile("");
}
