/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose one function calls the next of a list of functions: walk_shapes.c goes through many copies of it. */
void hop(void **next);

static volatile unsigned long work;

void hop(void **next)
{
	void (*function)(void **) = (void (*)(void **)) * next;

	function(next + 1);
	work++;
}
