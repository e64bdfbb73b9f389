/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/alias_order.h"

#include <string.h>

static size_t leading_underscores(struct bytes name)
{
	size_t count = 0;

	while (count < name.size && name.data[count] == '_')
		count++;
	return count;
}

int alias_order_compare(struct bytes a, struct bytes b)
{
	size_t a_underscores = leading_underscores(a);
	size_t b_underscores = leading_underscores(b);
	size_t common = a.size < b.size ? a.size : b.size;
	int order = (a_underscores > b_underscores) - (a_underscores < b_underscores);

	if (!order && common)
		order = memcmp(a.data, b.data, common);
	if (!order)
		order = (a.size > b.size) - (a.size < b.size);
	return order;
}
