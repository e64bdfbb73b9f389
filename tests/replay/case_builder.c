/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/replay/case_builder.h"

#include <sys/uio.h>

#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/row_source.h"
#include "symbolize/symbolizer.h"
#include "tests/replay/replay_text.h"
#include "tests/replay/replay_walk.h"
#include "unwind/row_compiler.h"

#define MAX_TABLES 256
#define NAME_SIZE  128

/* The rows of a file, compiled once. */
struct file_rows {
	uint64_t id;
	struct buffer bytes;
	struct row_table table;
};

/* What a frame is called, and by which rule it was left. */
struct named_frame {
	char name[NAME_SIZE];
	struct unwind_rule rule;
	bool has_rule;
};

struct case_builder {
	const struct aggregator *aggregator;
	struct modules *modules;
	struct symbolizer *symbolizer;
	const struct snapshot_event *event;
	struct file_rows tables[MAX_TABLES];
	size_t table_count;
	struct replay_walker walker;
	struct replay_case found, kept;
	struct named_frame names[EVENT_MAX_FRAMES];
};

struct case_builder *case_builder_new(const struct aggregator *aggregator, struct modules *modules)
{
	const struct symbolizer_options options = { symbolizer_default_debug_folders };
	struct case_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return NULL;
	builder->aggregator = aggregator;
	builder->modules = modules;
	builder->symbolizer = symbolizer_new(&options);
	if (builder->symbolizer)
		return builder;
	case_builder_free(builder);
	return NULL;
}

void case_builder_free(struct case_builder *builder)
{
	if (!builder)
		return;
	for (size_t i = 0; i < builder->table_count; i++)
		buffer_release(&builder->tables[i].bytes);
	replay_case_release(&builder->kept);
	symbolizer_free(builder->symbolizer);
	free(builder);
}

/* --- memory --- */

static const struct snapshot_mapping *mappings_of(const struct snapshot_event *event)
{
	return (const struct snapshot_mapping *)(event + 1);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* As the process itself may read it: /proc/PID/mem would give protected pages, too. */
static bool read_process(uint32_t tid, uint64_t address, char *to)
{
	struct iovec local = { to, PAGE_BYTES }, remote = { (void *)address, PAGE_BYTES };

	return process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0) == PAGE_BYTES;
}

/* A page of the snapshot that the kernel side could not read is all zeros there. */
static bool copy_page(const struct case_builder *builder, uint64_t address, char *to)
{
	const struct snapshot_event *event = builder->event;
	const char *stack = (const char *)(mappings_of(event) + event->mapping_count);
	uint64_t at = address - event->stack_start;

	if (address < event->stack_start || at >= event->stack_bytes)
		return read_process(event->tick.tid, address, to);
	memcpy(to, stack + at, PAGE_BYTES);
	return !is_zero(to, PAGE_BYTES);
}

static bool fetch_page(struct replay_case *replayed, uint64_t address)
{
	char bytes[PAGE_BYTES];
	struct replay_page *page;

	address &= ~(uint64_t)(PAGE_BYTES - 1);
	if (!copy_page(replayed->context, address, bytes))
		return false;
	page = replay_add_page(replayed, address);
	if (!page)
		return false;
	memcpy(page->words, bytes, sizeof(bytes));
	return true;
}

/* --- code --- */

static const struct row_table *rows_of(struct case_builder *builder, uint64_t id)
{
	const struct module *module = modules_find(builder->modules, id);
	struct file_rows *rows = &builder->tables[builder->table_count];

	for (size_t i = 0; i < builder->table_count; i++)
		if (builder->tables[i].id == id)
			return builder->tables[i].table.header ? &builder->tables[i].table : NULL;
	if (builder->table_count == MAX_TABLES ||
	    (id != MODULE_VDSO && (!module || module->fd < 0)))
		return NULL;
	rows->id = id;
	builder->table_count++;
	if ((id == MODULE_VDSO ? row_source_compile_vdso(&rows->bytes)
			       : row_compiler_compile(module->fd, -1, &rows->bytes)) ||
	    row_table_open((struct bytes){ (const uint8_t *)rows->bytes.data, rows->bytes.size },
			   &rows->table))
		return NULL;
	return &rows->table;
}

/* Names stand in the text of a case: a word each, and no two alike. */
static void name_module(const struct case_builder *builder, uint64_t id, char *to)
{
	const struct module *module = modules_find(builder->modules, id);
	const char *name = module ? module->name : "file";

	if (id == MODULE_VDSO)
		name = "vdso";
	else if (id & MODULE_ANONYMOUS)
		name = "anonymous";
	snprintf(to, REPLAY_NAME_SIZE - 12, "%s", name);
	for (char *at = to; *at; at++)
		if (*at <= ' ' || *at == '#' || *at > '~')
			*at = '_';
	for (uint32_t i = 0; i < builder->found.module_count; i++)
		if (!strcmp(builder->found.modules[i].name, to)) {
			snprintf(to + strlen(to), 12, "-%u", builder->found.module_count);
			break;
		}
}

static struct replay_module *module_for(struct case_builder *builder, uint64_t id)
{
	struct replay_module *module = replay_find_module(&builder->found, id);
	const struct row_table *rows;
	char name[REPLAY_NAME_SIZE];
	uint32_t number;

	if (module)
		return module;
	name_module(builder, id, name);
	number = replay_add_module(&builder->found, name,
				   id == MODULE_VDSO       ? REPLAY_VDSO
				   : id & MODULE_ANONYMOUS ? REPLAY_ANONYMOUS
							   : REPLAY_FILE,
				   id);
	if (number == UINT32_MAX)
		return NULL;
	module = &builder->found.modules[number];
	rows = id & MODULE_ANONYMOUS ? NULL : rows_of(builder, id);
	module->has_rows = rows || module->kind == REPLAY_ANONYMOUS;
	if (rows)
		module->table = *rows;
	return module;
}

static bool take_mappings(struct case_builder *builder)
{
	const struct snapshot_event *event = builder->event;

	for (uint32_t i = 0; i < event->mapping_count; i++) {
		const struct snapshot_mapping *from = &mappings_of(event)[i];
		const struct replay_module *module = module_for(builder, from->module);

		if (!module ||
		    !replay_add_mapping(&builder->found, from->start, from->end,
					(uint32_t)(module - builder->found.modules), from->offset))
			return false;
	}
	return true;
}

/* --- the walk --- */

/* Why the kernel side's walk ended; the tick's reason may be that of its kernel half. */
static uint32_t kernel_reason(const struct tick_event *tick)
{
	if (tick->reason != tick->kernel_reason)
		return tick->reason;
	return tick->flags & TICK_ROOT_UNPROVEN ? REASON_NO_ROOT : REASON_NONE;
}

static bool walks_as_kernel_side(struct case_builder *builder)
{
	const struct tick_event *tick = &builder->event->tick;
	const struct user_walk *walk = &builder->walker.walk;
	struct stored_stack stack;

	replay_forget(&builder->walker);
	replay_walk(&builder->walker, &builder->found, 0);
	if (!aggregator_find_stack(builder->aggregator, tick->user_stack, tick->user_check,
				   &stack) ||
	    stack.depth != walk->depth || walk->reason != kernel_reason(tick) ||
	    walk->state.may_lack_caller !=
		    (tick->flags & TICK_MAY_LACK_CALLER) / TICK_MAY_LACK_CALLER)
		return false;
	for (uint32_t i = 0; i < walk->depth; i++) {
		struct code_address address =
			aggregator_address(builder->aggregator, stack.addresses[i]);

		if (address.module != walk->frames[i].module ||
		    address.offset != walk->frames[i].offset)
			return false;
	}
	return true;
}

/* The kernel side's rows may not have been there yet: then that is the case. */
static void lack_rows(struct case_builder *builder)
{
	const struct tick_event *tick = &builder->event->tick;
	struct replay_module *module;
	struct stored_stack stack;

	if (tick->reason != REASON_ROWS_MISSING ||
	    !aggregator_find_stack(builder->aggregator, tick->user_stack, tick->user_check, &stack))
		return;
	module = replay_find_module(
		&builder->found,
		aggregator_address(builder->aggregator, stack.addresses[stack.depth - 1]).module);
	if (module)
		module->has_rows = false;
}

bool case_builder_take(struct case_builder *builder, const struct snapshot_event *event)
{
	struct replay_case *found = &builder->found;

	if (!event->tick.user_stack)
		return false;
	replay_case_init(found);
	found->fetch_page = fetch_page;
	found->context = builder;
	found->leaf_is_return = event->leaf_is_return != 0;
	memcpy(found->registers, event->registers, sizeof(found->registers));
	builder->event = event;
	if (!take_mappings(builder))
		return false;
	lack_rows(builder);
	if (!walks_as_kernel_side(builder))
		return false;
	found->depth = builder->walker.walk.depth;
	found->reason = builder->walker.walk.reason;
	found->may_lack_caller = builder->walker.walk.state.may_lack_caller;
	memcpy(found->frames, builder->walker.walk.frames, found->depth * sizeof(*found->frames));
	return true;
}

/* --- names --- */

struct naming {
	struct case_builder *builder;
	uint32_t frames[EVENT_MAX_FRAMES]; /* that were asked for */
};

static void take_names(const struct symbol_reply *reply, void *context)
{
	const struct naming *naming = context;

	for (size_t i = 0; i < reply->count && !reply->error; i++) {
		const struct symbol_name *name = &reply->names[i];

		if (name->function)
			snprintf(naming->builder->names[naming->frames[i]].name, NAME_SIZE,
				 "%s+0x%llx", name->function, (unsigned long long)name->offset);
	}
}

/* All frames of the module of the frame `first`. */
static void name_frames_of(struct case_builder *builder, uint32_t first)
{
	const struct replay_case *found = &builder->found;
	uint64_t id = found->frames[first].module, addresses[EVENT_MAX_FRAMES];
	const struct module *module = modules_find(builder->modules, id);
	struct symbol_request request = { .fd = -1, .addresses = addresses };
	struct naming naming = { .builder = builder };

	for (uint32_t i = first; i < found->depth; i++)
		if (found->frames[i].module == id) {
			naming.frames[request.count] = i;
			addresses[request.count++] = found->frames[i].offset;
		}
	if (id == MODULE_VDSO) {
		request.space = SYMBOL_VDSO;
	} else if (module && module->fd >= 0) {
		request.fd = module->fd;
		request.path = module->path;
	} else {
		return;
	}
	if (!symbolizer_submit(builder->symbolizer, &request))
		symbolizer_run(builder->symbolizer, take_names, &naming);
}

/* A frame without CFI of a file is looked up too, one without a file is not. */
static void note_rules(struct case_builder *builder)
{
	const struct replay_case *found = &builder->found;
	const struct scratch *scratch = &builder->walker.scratch;

	for (uint32_t i = 0, n = 0; i < found->depth; i++) {
		const struct unwind_rule *rule;

		if ((found->frames[i].module & MODULE_ANONYMOUS) || n == scratch->rules_found)
			continue;
		rule = replay_find_rule(&builder->found, scratch->looked_up[n].module,
					scratch->looked_up[n].offset);
		n++;
		builder->names[i].has_rule = rule != NULL;
		if (rule)
			builder->names[i].rule = *rule;
	}
}

static void name_frames(struct case_builder *builder)
{
	const struct replay_case *found = &builder->found;

	for (uint32_t i = 0; i < found->depth; i++)
		builder->names[i] = (struct named_frame){ .name = "?" };
	note_rules(builder);
	for (uint32_t i = 0; i < found->depth; i++) {
		bool is_first = true;

		for (uint32_t other = 0; other < i && is_first; other++)
			is_first = found->frames[other].module != found->frames[i].module;
		if (is_first)
			name_frames_of(builder, i);
	}
}

static void write_frames(struct case_builder *builder, uint32_t first, uint32_t count, FILE *to)
{
	const struct stack_frame *frame = &builder->found.frames[first];
	const struct named_frame *named = &builder->names[first];
	const struct replay_module *module = replay_find_module(&builder->found, frame->module);

	fprintf(to, "frame %s 0x%llx ", module ? module->name : "?",
		(unsigned long long)frame->offset);
	if (count > 1)
		fprintf(to, "%u ", count);
	fprintf(to, "# %u %s, ", first, named->name);
	if (named->has_rule)
		replay_write_rule(&named->rule, to);
	else
		fputs("by frame pointer or not at all", to);
	fputc('\n', to);
}

static void write_end(struct case_builder *builder, FILE *to)
{
	const struct replay_case *found = &builder->found;

	for (uint32_t i = 0, count; i < found->depth; i += count) {
		for (count = 1; i + count < found->depth; count++)
			if (memcmp(&found->frames[i], &found->frames[i + count],
				   sizeof(*found->frames)))
				break;
		write_frames(builder, i, count, to);
	}
	fprintf(to, "end %s%s\n", found->reason ? tick_reason_name(found->reason) : "root",
		found->may_lack_caller ? " may_lack_caller" : "");
}

void case_builder_describe(struct case_builder *builder, FILE *to)
{
	name_frames(builder);
	if (builder->found.leaf_is_return)
		fputs("leaf return\n", to);
	write_end(builder, to);
}

/* --- keeping what is needed --- */

static bool ends_alike(struct case_builder *builder)
{
	const struct replay_case *found = &builder->found;
	const struct user_walk *walk = &builder->walker.walk;

	replay_forget(&builder->walker);
	replay_walk(&builder->walker, &builder->found, 0);
	return walk->depth == found->depth && walk->reason == found->reason &&
	       walk->state.may_lack_caller == found->may_lack_caller &&
	       !memcmp(walk->frames, found->frames, found->depth * sizeof(*found->frames));
}

/* Blanks words, `count` at a time, where the walk goes on as before. */
static void blank_words(struct case_builder *builder, struct replay_page *page, uint32_t count)
{
	uint64_t kept[REPLAY_PAGE_WORDS];

	for (uint32_t at = 0; at < REPLAY_PAGE_WORDS; at += count) {
		memcpy(kept, &page->words[at], count * sizeof(*kept));
		for (uint32_t i = 0; i < count; i++)
			page->words[at + i] = REPLAY_FILLER;
		if (!ends_alike(builder))
			memcpy(&page->words[at], kept, count * sizeof(*kept));
	}
}

static void blank_what_is_not_needed(struct case_builder *builder)
{
	struct replay_case *found = &builder->found;

	for (uint32_t i = 0; i < SNAPSHOT_REGISTERS; i++) {
		uint64_t value = found->registers[i];

		found->registers[i] = REPLAY_FILLER;
		if (!ends_alike(builder))
			found->registers[i] = value;
	}
	for (uint32_t count = REPLAY_PAGE_WORDS; count; count /= 8)
		for (uint32_t i = 0; i < found->page_count; i++)
			blank_words(builder, &found->pages[i], count);
}

static bool keep_mapping(struct case_builder *builder, const struct replay_mapping *from)
{
	const struct replay_module *module = &builder->found.modules[from->module], *kept;
	struct replay_case *to = &builder->kept;
	uint32_t number;

	kept = replay_find_module(to, module->id);
	number = kept ? (uint32_t)(kept - to->modules)
		      : replay_add_module(to, module->name, module->kind, module->id);
	if (number == UINT32_MAX)
		return false;
	to->modules[number].has_rows = module->has_rows;
	return replay_add_mapping(to, from->mapping.start, from->mapping.end, number,
				  from->mapping.offset);
}

/* The row of a table that holds at an offset. */
static void find_row(const struct row_table *table, uint64_t offset, struct replay_row *row)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row at;

	row->start = offset;
	row->end = offset + 1;
	row->rule = (struct unwind_rule){ .cfa = UNWIND_NO_CFI };
	while (row_table_next(table, &cursor, &at)) {
		if (at.offset > offset) {
			row->end = at.offset;
			return;
		}
		row->start = at.offset;
		row->rule = *at.rule;
	}
}

static bool keep_row(struct case_builder *builder, const struct stack_frame *looked_up)
{
	const struct replay_module *module = replay_find_module(&builder->found, looked_up->module);
	struct replay_case *to = &builder->kept;
	const struct replay_module *kept = replay_find_module(to, looked_up->module);
	struct replay_row row;
	uint32_t at = 0;

	if (!kept || !module->has_rows)
		return true;
	row.module = (uint32_t)(kept - to->modules);
	find_row(&module->table, looked_up->offset, &row);
	while (at < to->row_count &&
	       (to->rows[at].module < row.module ||
		(to->rows[at].module == row.module && to->rows[at].start < row.start)))
		at++;
	if (at < to->row_count && to->rows[at].module == row.module &&
	    to->rows[at].start == row.start)
		return true;
	if (to->row_count == REPLAY_MAX_ROWS)
		return false;
	memmove(&to->rows[at + 1], &to->rows[at], (to->row_count++ - at) * sizeof(row));
	to->rows[at] = row;
	return true;
}

static bool keep_all(struct case_builder *builder)
{
	const struct replay_case *found = &builder->found;
	const struct scratch *scratch = &builder->walker.scratch;
	struct replay_case *to = &builder->kept;

	replay_case_init(to);
	to->leaf_is_return = found->leaf_is_return;
	memcpy(to->registers, found->registers, sizeof(to->registers));
	for (uint32_t i = 0; i < found->mapping_count; i++)
		if (found->mappings[i].was_read && !keep_mapping(builder, &found->mappings[i]))
			return false;
	for (uint32_t i = 0; i < scratch->rules_found; i++)
		if (!keep_row(builder, &scratch->looked_up[i]))
			return false;
	for (uint32_t i = 0; i < found->page_count; i++)
		if (found->pages[i].was_read)
			to->pages[to->page_count++] = found->pages[i];
	return true;
}

bool case_builder_write(struct case_builder *builder, FILE *to)
{
	blank_what_is_not_needed(builder);
	for (uint32_t i = 0; i < builder->found.page_count; i++)
		builder->found.pages[i].was_read = false;
	if (!ends_alike(builder) || !keep_all(builder))
		return false;
	replay_text_write(&builder->kept, to);
	write_end(builder, to);
	return true;
}
