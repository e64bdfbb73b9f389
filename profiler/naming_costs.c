/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/naming_costs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/log.h"
#include "bpf/events.h"
#include "profiler/modules.h"
#include "profiler/naming_failure.h"
#include "worker/worker_child.h"

#define NAME_MAX_BYTES 256 /* of a module, as it is shown */

void naming_costs_release(struct naming_costs *costs)
{
	buffer_release(&costs->costs);
}

void naming_costs_add(struct naming_costs *costs, const struct naming_cost *cost)
{
	buffer_append(&costs->costs, cost, sizeof(*cost));
}

static int compare_dearest_first(const void *left, const void *right)
{
	const struct naming_cost *a = left, *b = right;

	if (a->cpu_ns != b->cpu_ns)
		return (a->cpu_ns < b->cpu_ns) - (a->cpu_ns > b->cpu_ns);
	return (a->module > b->module) - (a->module < b->module);
}

static const char *name_of(const struct naming_cost *cost, const struct modules *modules)
{
	const struct module *module;

	if (cost->module == MODULE_KERNEL)
		return "kernel";
	if (cost->module == MODULE_VDSO)
		return "[vdso]";
	if (cost->module & MODULE_ANONYMOUS)
		return "[made code]";
	module = modules_find(modules, cost->module);
	return module && *module->name ? module->name : "[unknown]";
}

static void write_numbers(const struct naming_cost *cost, struct buffer *to)
{
	buffer_printf(to, "\"asked\": %" PRIu64 ", \"named\": %" PRIu64 ", \"cpu_ns\": %" PRIu64,
		      cost->asked, cost->named, cost->cpu_ns);
}

static void write_cost(const struct naming_cost *cost, const struct modules *modules,
		       struct buffer *to)
{
	char build_id[2 * BUILD_ID_MAX_BYTES + 1];

	build_id_format(&cost->build_id, build_id);
	buffer_append_string(to, "{\"module\": ");
	json_append_string(to, name_of(cost, modules), NAME_MAX_BYTES);
	buffer_append_string(to, ", \"build_id\": ");
	json_append_string(to, cost->build_id.size ? build_id : NULL, sizeof(build_id));
	buffer_append_string(to, ", ");
	write_numbers(cost, to);
	buffer_printf(to, ", \"worker_peak_bytes\": %" PRIu64 ", \"debug_info_error\": ",
		      cost->worker_peak_bytes);
	if (cost->debug_info_error)
		buffer_printf(to, "\"%s\"}", naming_failure_of(cost->debug_info_error)->name);
	else
		buffer_append_string(to, "null}");
}

static struct naming_cost sum_of(const struct naming_cost *costs, size_t count)
{
	struct naming_cost sum = { 0 };

	for (size_t i = 0; i < count; i++) {
		sum.asked += costs[i].asked;
		sum.named += costs[i].named;
		sum.cpu_ns += costs[i].cpu_ns;
	}
	return sum;
}

static void write_files(const struct naming_cost *costs, size_t count, struct buffer *to)
{
	struct symbol_file_use all = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct symbol_file_use *files = &costs[i].files;

		all.opened += files->opened;
		all.found += files->found;
		all.closed += files->closed;
		if (files->kept_bytes > all.kept_bytes)
			all.kept_bytes = files->kept_bytes;
	}
	buffer_printf(to,
		      "\"files\": {\"opened\": %" PRIu64 ", \"found\": %" PRIu64
		      ", \"closed\": %" PRIu64 ", \"kept_bytes\": %" PRIu64
		      ", \"kept_max_bytes\": %zu}",
		      all.opened, all.found, all.closed, all.kept_bytes, WORKER_KEPT_BYTES);
}

void naming_costs_write_json(struct naming_costs *costs, const struct modules *modules,
			     struct buffer *to)
{
	struct naming_cost *all = (struct naming_cost *)costs->costs.data, others;
	size_t count = costs->costs.size / sizeof(*all);
	size_t said = count < NAMING_COSTS_SAID ? count : NAMING_COSTS_SAID;

	if (count)
		qsort(all, count, sizeof(*all), compare_dearest_first);
	buffer_append_string(to, "{\"modules\": [");
	for (size_t i = 0; i < said; i++) {
		buffer_append_string(to, i ? ",\n      " : "\n      ");
		write_cost(&all[i], modules, to);
	}
	others = sum_of(all + said, count - said);
	buffer_printf(to, "],\n    \"others\": {\"modules\": %zu, ", count - said);
	write_numbers(&others, to);
	buffer_append_string(to, "},\n    ");
	write_files(all, count, to);
	buffer_append_char(to, '}');
}

void naming_costs_log(const struct naming_costs *costs, const struct modules *modules)
{
	const struct naming_cost *all = (const struct naming_cost *)costs->costs.data;
	size_t count = costs->costs.size / sizeof(*all), found = 0;
	_cleanup_(buffer_release) struct buffer line = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (!all[i].debug_info_error || found++ >= NAMING_COSTS_LOGGED)
			continue;
		buffer_printf(&line, "%s%s (it %s)", found > 1 ? ", " : "",
			      name_of(&all[i], modules),
			      naming_failure_of(all[i].debug_info_error)->words);
	}
	if (found > NAMING_COSTS_LOGGED)
		buffer_printf(&line, ", %zu others", found - NAMING_COSTS_LOGGED);
	if (found && buffer_string(&line))
		log_warning(
			"frames have no lines and no inlined calls, for the debugging information cannot be used, of %s",
			buffer_string(&line));
}
