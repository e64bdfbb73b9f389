/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store as a busy machine fills it, and how fast it answers. Columns are separated by tabs, the first line names them.
 *
 *   store_bench write FOLDER WINDOWS CPUS BUSY [END]    windows of 10 s at 19 Hz of CPUs that are busy to so many per cent, up to END, in seconds since 1970
 *   store_bench roll FOLDER LEVEL                       rolls all of it up, to that level of store/roll_up_levels.def; what it takes and leaves
 *   store_bench ask FOLDER TIMES [QUESTION]             each question, or one, so many times: of another part each time, and of a view that remembers the others
 *
 * What is written: 60 processes of 24 programs with up to 16 threads, and one more process in each window that lives no longer (a tenth of all samples). A program has a call tree whose branches are few and taken
 * unequally, some 27 functions deep; a third of its stacks ends in the kernel. Which stacks are hot changes by the hour, and some come up once and never again. Native frames are kept unnamed, and named after their window, as serve does:
 * names are those of C++ (some 45 characters), half with file and line, a fifth with an inlined call.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/hash.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/roll_up.h"
#include "store/slice_rolling.h"
#include "store/store_folder.h"
#include "store/store_view.h"
#include "store/store_writer.h"

#define RATE_HZ   19
#define WINDOW_NS ((uint64_t)10000000000)
#define START_NS  ((uint64_t)1764288000000000000)
#define UNIT_NS   1000000 /* times are kept to a millisecond */

#define MAX_CPUS       64
#define PROGRAMS       24
#define PROCESSES      60
#define FUNCTIONS      600 /* of a program */
#define STACKS         300 /* of a program */
#define MAX_DEPTH      60
#define KERNEL_STACKS  400
#define FUNCTION_BYTES 208
#define FIRST_BYTE     0x12340
#define HEAT           3
#define INSTRUCTIONS   8 /* of an innermost function, where it is met */
#define FIRST_PID      1000
#define HOUR_WINDOWS   360
#define MAX_ASKS       1000

_Noreturn static void fail(const char *what, int error)
{
	fprintf(stderr, "store_bench: %s: %s\n", what, strerror(-error));
	exit(1);
}

static void check(int error, const char *what)
{
	if (error)
		fail(what, error);
}

/* --- random numbers --- */

static uint64_t next_random(uint64_t *state)
{
	return hash_u64(*state += 0x9e3779b97f4a7c15);
}

static double next_unit(uint64_t *state)
{
	return (double)(next_random(state) >> 11) / (double)((uint64_t)1 << 53);
}

/* A rank below `count`: rank n as often as 1 / (n + 1), by inversion. */
static uint32_t next_rank(uint64_t *state, uint32_t count)
{
	return (uint32_t)(pow((double)count + 1, next_unit(state)) - 1) % count;
}

/* The same, and the first ones more often still. */
static uint32_t next_hot_rank(uint64_t *state, uint32_t count)
{
	return (uint32_t)(pow((double)count + 1, pow(next_unit(state), HEAT)) - 1) % count;
}

/* --- call trees --- */

struct stack {
	uint32_t depth;
	uint32_t functions[MAX_DEPTH]; /* outermost first */
};

struct program {
	char name[32], build_id[41];
	struct stack stacks[STACKS];
};

/* Down a tree that is the same for each stack, and has more branches further down: there it goes on in one of several ways. */
static void draw_stack(struct stack *stack, uint64_t tree, uint64_t *random, uint32_t depth)
{
	uint64_t at = tree;

	stack->depth = depth;
	for (uint32_t i = 0; i < depth; i++) {
		bool has_ways = hash_u64(at) % 1000 < 600 * (uint64_t)i * i / (depth * depth);
		uint32_t way = has_ways ? next_rank(random, 7) : 0;

		at = hash_u64(at + way + 1);
		stack->functions[i] = (uint32_t)(at % FUNCTIONS);
	}
}

static struct program *draw_programs(void)
{
	struct program *programs = calloc(PROGRAMS + 1, sizeof(*programs));
	uint64_t random = 1;

	for (uint32_t p = 0; p <= PROGRAMS && programs; p++) {
		snprintf(programs[p].name, sizeof(programs[p].name), "program%u", p);
		snprintf(programs[p].build_id, sizeof(programs[p].build_id), "%020llx%020llx",
			 (unsigned long long)hash_u64(p), (unsigned long long)hash_u64(p + 99));
		for (uint32_t s = 0; s < STACKS; s++) {
			double depth = 27 + 9 *
						    (next_unit(&random) + next_unit(&random) +
						     next_unit(&random) - 1.5) *
						    2;

			draw_stack(&programs[p].stacks[s], hash_u64(p), &random,
				   depth < 3           ? 3
				   : depth > MAX_DEPTH ? MAX_DEPTH
						       : (uint32_t)depth);
		}
	}
	return programs; /* the last one is the kernel */
}

/* --- windows --- */

struct making {
	struct program *programs;
	struct profile *profile; /* of the window */
	uint64_t window, start_ns, random;
	uint32_t cpus, on_cpu[MAX_CPUS]; /* process */
	struct buffer samples;
};

static uint32_t intern(struct profile *profile, const char *text)
{
	uint32_t string;

	check(profile_intern(profile, text, strlen(text), &string), "intern");
	return string;
}

/* Where a function was: in one of its calls, or, of the innermost one, at any of some instructions. */
static uint64_t address_in(struct making *making, const struct stack *stack, uint32_t index)
{
	uint64_t within = index + 1 < stack->depth ? hash_u64(stack->functions[index + 1]) % 4
						   : next_hot_rank(&making->random, INSTRUCTIONS);

	return (uint64_t)stack->functions[index] * FUNCTION_BYTES + FIRST_BYTE + within * 4;
}

static uint32_t add_program_stack(struct making *making, const struct program *program,
				  const struct stack *stack)
{
	uint32_t node, frame;

	check(profile_add_named(making->profile, program->name, NULL, FRAME_PROCESS, &frame),
	      "frame");
	check(profile_add_child(making->profile, PROFILE_ROOT, frame, &node), "node");
	for (uint32_t i = 0; i < stack->depth; i++) {
		check(profile_add_unnamed(making->profile, program->name, program->build_id,
					  address_in(making, stack, i), &frame),
		      "frame");
		check(profile_add_child(making->profile, node, frame, &node), "node");
	}
	return node;
}

/* What a stack calls, or an interrupt of it. */
static uint32_t add_kernel(struct making *making, const struct stack *user, uint32_t node)
{
	const uint64_t call = hash_u64(user->depth + user->functions[user->depth - 1]);
	const struct stack *stack =
		&making->programs[PROGRAMS]
			 .stacks[(call + next_hot_rank(&making->random, 5)) % KERNEL_STACKS];
	uint32_t frame, depth = 3 + stack->depth % 9;

	for (uint32_t i = 0; i < depth && i < stack->depth; i++) {
		char name[32];

		snprintf(name, sizeof(name), "kernel_function_%u", stack->functions[i]);
		check(profile_add_named(making->profile, name, "kernel", FRAME_KERNEL, &frame),
		      "frame");
		check(profile_add_child(making->profile, node, frame, &node), "node");
	}
	return node;
}

/* Another one is hot each hour; a few of a thousand are met once. */
static const struct stack *choose_stack(struct making *making, const struct program *program)
{
	uint64_t hour = making->window / HOUR_WINDOWS;
	uint32_t rank = next_hot_rank(&making->random, STACKS);

	return &program->stacks[(rank + hash_u64(hour / 3) % 50) % STACKS];
}

struct task {
	uint32_t pid, thread, cpu;
};

static uint32_t add_labels(struct making *making, const struct program *program, struct task task)
{
	struct label_set set;
	uint32_t labels;
	char text[64];

	memset(&set, 0xff, sizeof(set));
	set.values[SAMPLE_LABEL_comm] = intern(making->profile, program->name);
	set.values[SAMPLE_LABEL_pid] = task.pid;
	set.values[SAMPLE_LABEL_tid] = task.pid + task.thread;
	set.values[SAMPLE_LABEL_cpu] = task.cpu;
	snprintf(text, sizeof(text), "/system.slice/%s.service", program->name);
	set.values[SAMPLE_LABEL_cgroup] = intern(making->profile, text);
	snprintf(text, sizeof(text), "user%u", task.pid % 5);
	set.values[SAMPLE_LABEL_user] = intern(making->profile, text);
	snprintf(text, sizeof(text), "/usr/bin/%s", program->name);
	set.values[SAMPLE_LABEL_exe] = intern(making->profile, text);
	check(profile_add_labels(making->profile, &set, &labels), "labels");
	return labels;
}

/* Who runs on a CPU stays there for some ticks. */
static uint32_t choose_process(struct making *making, uint32_t cpu)
{
	if (next_unit(&making->random) < 0.4)
		making->on_cpu[cpu] = next_rank(&making->random, PROCESSES);
	return making->on_cpu[cpu];
}

static struct sample draw_sample(struct making *making, uint32_t cpu, uint64_t time_ns)
{
	const bool is_short = next_unit(&making->random) < 0.1;
	const uint32_t process = choose_process(making, cpu);
	const struct program *program =
		&making->programs[is_short ? making->window % PROGRAMS : process % PROGRAMS];
	const struct task task = {
		.pid = is_short ? 100000 + (uint32_t)(making->window % 4000000)
				: FIRST_PID + process * 100,
		.thread = is_short ? 0 : (process + cpu) % (1 + process % 16),
		.cpu = cpu,
	};
	const struct stack *stack = choose_stack(making, program);
	struct sample sample = { .time_ns = time_ns };

	sample.labels = add_labels(making, program, task);
	sample.node = add_program_stack(making, program, stack);
	if (next_unit(&making->random) < 0.33)
		sample.node = add_kernel(making, stack, sample.node);
	return sample;
}

static int compare_samples(const void *left, const void *right)
{
	const struct sample *a = left, *b = right;

	if (a->labels != b->labels)
		return (a->labels > b->labels) - (a->labels < b->labels);
	if (a->node != b->node)
		return (a->node > b->node) - (a->node < b->node);
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

/* By who ran and what, as the recorder counts them. */
static void add_samples(struct making *making)
{
	struct sample *samples = (struct sample *)making->samples.data;
	size_t count = making->samples.size / sizeof(*samples);
	const uint64_t value = 1;

	if (count)
		qsort(samples, count, sizeof(*samples), compare_samples);
	for (size_t i = 0; i < count; i++)
		check(profile_add_sample(making->profile, &samples[i], &value), "sample");
	buffer_clear(&making->samples);
}

static void draw_samples(struct making *making, uint64_t start_ns, double busy)
{
	const uint64_t ticks = WINDOW_NS / 1000000000 * RATE_HZ;

	for (uint64_t tick = 0; tick < ticks; tick++)
		for (uint32_t cpu = 0; cpu < making->cpus; cpu++) {
			uint64_t within_ns = WINDOW_NS * tick / ticks + cpu * 1700000 +
					     next_random(&making->random) % 4000000;
			struct sample sample;

			if (next_unit(&making->random) >= busy)
				continue;
			sample = draw_sample(making, cpu, start_ns + within_ns);
			buffer_append(&making->samples, &sample, sizeof(sample));
		}
}

static uint64_t add_window(struct store_writer *writer, struct making *making, double busy)
{
	const struct window_times times = {
		.span = { making->start_ns + making->window * WINDOW_NS,
			  making->start_ns + (making->window + 1) * WINDOW_NS },
		.unit_ns = UNIT_NS,
	};
	uint64_t start_ns, spent_ns;

	making->profile = profile_new();
	if (!making->profile)
		fail("profile", -ENOMEM);
	check(profile_keep_samples(making->profile), "samples");
	profile_origin(making->profile)->rate_hz = RATE_HZ;
	profile_origin(making->profile)->fates_are_known = true;
	draw_samples(making, times.span.start_ns, busy);
	add_samples(making);
	start_ns = clock_thread_cpu_ns();
	check(store_writer_add(writer, &times, making->profile), "add a window");
	spent_ns = clock_thread_cpu_ns() - start_ns;
	profile_free(making->profile);
	return spent_ns;
}

/* --- names --- */

struct naming {
	struct store_writer *writer;
	struct arena texts;
	struct buffer names; /* struct address_names */
};

/* As C++ has them. */
static int name_address(void *context, const struct frame_address *address)
{
	struct naming *naming = context;
	uint64_t function = address->offset / FUNCTION_BYTES,
		 random = hash_u64(function + *address->build_id);
	struct frame_name *chain = arena_alloc(&naming->texts, 2 * sizeof(*chain));
	struct address_names named = { .address = *address,
				       .names = chain,
				       .count = 1 + (random % 5 == 0) };
	char text[128];

	for (size_t i = 0; chain && i < named.count; i++) {
		size_t size = (size_t)snprintf(
			text, sizeof(text),
			"namespace_%llu::function_%llu(unsigned long, char const*)",
			(unsigned long long)(random % 97),
			(unsigned long long)(function + i * 5000));

		chain[i] = (struct frame_name){ arena_string(&naming->texts, text, size), NULL, 0 };
		if (random & 1) {
			size = (size_t)snprintf(text, sizeof(text), "/usr/src/%s/part_%llu.cc",
						address->module, (unsigned long long)(random % 97));
			chain[i].file = arena_string(&naming->texts, text, size);
			chain[i].line = (uint32_t)(random >> 32) % 3000;
		}
	}
	named.address.module =
		arena_string(&naming->texts, address->module, strlen(address->module));
	named.address.build_id =
		arena_string(&naming->texts, address->build_id, strlen(address->build_id));
	buffer_append(&naming->names, &named, sizeof(named));
	return buffer_error(&naming->names);
}

static void tell_names(struct store_writer *writer)
{
	struct naming naming = { .writer = writer };

	arena_init(&naming.texts);
	check(store_writer_each_unnamed(writer, name_address, &naming), "find what is unnamed");
	check(store_writer_add_names(writer, (const struct address_names *)naming.names.data,
				     naming.names.size / sizeof(struct address_names)),
	      "add names");
	buffer_release(&naming.names);
	arena_release(&naming.texts);
}

/* --- writing --- */

static uint64_t bytes_of(const char *folder)
{
	struct slice_list list;
	uint64_t bytes = 0;

	check(store_folder_list(folder, &list), folder);
	for (size_t i = 0; i < list.count; i++)
		bytes += list.entries[i].bytes;
	slice_list_release(&list);
	return bytes;
}

static uint64_t samples_of(const char *folder)
{
	const struct view_question question = { .part = { 0, UINT64_MAX } };
	struct store_view *view;
	struct profile *profile;
	uint64_t samples;

	check(store_view_new(folder, &view), folder);
	check(store_view_profile(view, &question, VIEW_KEEPS_NONE, &profile), folder);
	samples = profile_total(profile);
	profile_free(profile);
	store_view_free(view);
	return samples;
}

static int write_store(const char *folder, uint64_t windows, uint32_t cpus, double busy,
		       uint64_t start_ns)
{
	struct making making = {
		.programs = draw_programs(), .random = 7, .cpus = cpus, .start_ns = start_ns
	};
	struct store_writer *writer;
	uint64_t spent_ns = 0, most_ns = 0, samples, bytes;
	size_t set_aside;

	if (!cpus || cpus > MAX_CPUS)
		return 2;
	if (!making.programs)
		fail("programs", -ENOMEM);
	check(store_writer_open(folder, &writer, &set_aside), folder);
	for (; making.window < windows; making.window++) {
		uint64_t window_ns = add_window(writer, &making, busy);

		tell_names(writer);
		spent_ns += window_ns;
		most_ns = window_ns > most_ns ? window_ns : most_ns;
	}
	check(store_writer_close(writer), "close");
	samples = samples_of(folder);
	bytes = bytes_of(folder);
	printf("windows\tsamples\tbytes\tbytes_a_sample\tms_a_window\tmost_ms\n");
	printf("%llu\t%llu\t%llu\t%.3f\t%.3f\t%.3f\n", (unsigned long long)windows,
	       (unsigned long long)samples, (unsigned long long)bytes,
	       (double)bytes / (double)samples, (double)spent_ns / (double)windows / 1e6,
	       (double)most_ns / 1e6);
	buffer_release(&making.samples);
	free(making.programs);
	return 0;
}

/* --- rolling up --- */

/* Whatever its age. */
static void roll_to(struct store_writer *writer, enum roll_up_number level)
{
	struct roll_up_ages ages;
	struct slice_rolling rolling;

	memset(&ages, 0xff, sizeof(ages));
	ages.ages_ns[level] = 0;
	for (;;) {
		check(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), "choose");
		if (!rolling.group.count)
			return;
		check(slice_rolling_run(&rolling, roll_up_make), "roll up");
		check(store_writer_end_rolling(writer, INT64_MAX, &rolling), "replace");
	}
}

static int roll_store(const char *folder, uint64_t level)
{
	struct store_writer *writer;
	uint64_t start_ns = clock_thread_cpu_ns(), samples, bytes;
	size_t set_aside;

	if (level <= LEVEL_RECORDED || level >= LEVEL_COUNT)
		return 2;
	check(store_writer_open(folder, &writer, &set_aside), folder);
	for (uint64_t i = LEVEL_RECORDED + 1; i <= level; i++)
		roll_to(writer, (enum roll_up_number)i);
	check(store_writer_remove_replaced(writer), folder);
	check(store_writer_close(writer), "close");
	start_ns = clock_thread_cpu_ns() - start_ns;
	samples = samples_of(folder);
	bytes = bytes_of(folder);
	printf("level\tsamples\tbytes\tbytes_a_sample\tcpu_s\n%s\t%llu\t%llu\t%.3f\t%.2f\n",
	       roll_up_level_name(level), (unsigned long long)samples, (unsigned long long)bytes,
	       (double)bytes / (double)samples, (double)start_ns / 1e9);
	return 0;
}

/* --- asking --- */

/* What is asked; `random` chooses the part. */
struct asking {
	struct store_view *view;
	struct window_span all;
	uint64_t random;
};

static uint64_t ask_profile(struct asking *asking, struct window_span part, const char *where)
{
	struct label_filter filter = { 0 };
	struct view_question question = { part, where ? &filter : NULL };
	struct profile *profile;
	uint64_t total;
	const char *why;

	if (where)
		check(label_filter_add(&filter, where, &why), "filter");
	check(store_view_profile(asking->view, &question, VIEW_KEEPS_NONE, &profile), "profile");
	total = profile_total(profile);
	profile_free(profile);
	label_filter_release(&filter);
	return total;
}

/* All of it but some of the ten minutes at its start, and of those at its end: no two are alike, and both ends lie within a window and a run of windows. */
static struct window_span whole_day(struct asking *asking)
{
	struct window_span part = asking->all;

	part.start_ns += next_random(&asking->random) % (60 * WINDOW_NS);
	part.end_ns -= next_random(&asking->random) % (60 * WINDOW_NS);
	return part;
}

static struct window_span some_of_it(struct asking *asking, uint64_t length_ns)
{
	uint64_t room = asking->all.end_ns - asking->all.start_ns;
	uint64_t start_ns = asking->all.start_ns;

	if (room > length_ns)
		start_ns += next_random(&asking->random) % (room - length_ns);
	return (struct window_span){ start_ns, start_ns + length_ns };
}

static uint64_t day_graph(struct asking *asking)
{
	return ask_profile(asking, whole_day(asking), NULL);
}

static uint64_t process_hour(struct asking *asking)
{
	char where[32];

	snprintf(where, sizeof(where), "pid=%u",
		 FIRST_PID + (uint32_t)(next_random(&asking->random) % 20) * 100);
	return ask_profile(asking, some_of_it(asking, 360 * WINDOW_NS), where);
}

static uint64_t minutes_graph(struct asking *asking)
{
	return ask_profile(asking, some_of_it(asking, 60 * WINDOW_NS), NULL);
}

static uint64_t ask_series(struct asking *asking, struct window_span part, enum sample_label label)
{
	const struct view_question question = { .part = part };
	struct view_series series;
	struct arena memory;
	uint64_t lines;

	arena_init(&memory);
	check(store_view_series(asking->view, &question, label, 8, 300, &memory, &series),
	      "series");
	lines = series.line_count;
	arena_release(&memory);
	return lines;
}

static uint64_t day_series(struct asking *asking)
{
	return ask_series(asking, whole_day(asking), SAMPLE_LABEL_comm);
}

static uint64_t day_series_pid(struct asking *asking)
{
	return ask_series(asking, whole_day(asking), SAMPLE_LABEL_pid);
}

static uint64_t hour_series(struct asking *asking)
{
	return ask_series(asking, some_of_it(asking, 360 * WINDOW_NS), SAMPLE_LABEL_comm);
}

static uint64_t day_values(struct asking *asking)
{
	const struct view_question question = { .part = whole_day(asking) };
	struct view_values values;
	struct arena memory;

	arena_init(&memory);
	check(store_view_values(asking->view, &question, SAMPLE_LABEL_pid, &memory, &values),
	      "values");
	arena_release(&memory);
	return values.count;
}

static uint64_t minutes_heat(struct asking *asking)
{
	const struct view_question question = { .part = some_of_it(asking, 60 * WINDOW_NS) };
	uint32_t *counts;
	struct arena memory;

	arena_init(&memory);
	check(store_view_heat(asking->view, &question, 300, 50, &memory, &counts), "heat");
	arena_release(&memory);
	return 1;
}

static const struct {
	const char *name;
	uint64_t (*ask)(struct asking *asking);
} questions[] = {
	{ "day-graph", day_graph },           { "process-hour", process_hour },
	{ "minutes-graph", minutes_graph },   { "day-series", day_series },
	{ "day-series-pid", day_series_pid }, { "hour-series", hour_series },
	{ "day-values", day_values },         { "minutes-heat", minutes_heat },
};

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static struct window_span span_of_store(const char *folder)
{
	struct slice_list list;
	struct window_span span = { UINT64_MAX, 0 };

	check(store_folder_list(folder, &list), folder);
	for (size_t i = 0; i < list.count; i++) {
		if (list.entries[i].span.start_ns < span.start_ns)
			span.start_ns = list.entries[i].span.start_ns;
		if (list.entries[i].span.end_ns > span.end_ns)
			span.end_ns = list.entries[i].span.end_ns;
	}
	slice_list_release(&list);
	return span;
}

/* What an answer took: the time that passed, and CPU time of that. */
struct cost {
	uint64_t passed_ns, cpu_ns;
};

static struct cost cost_since(struct cost start)
{
	return (struct cost){ clock_monotonic_ns() - start.passed_ns,
			      clock_thread_cpu_ns() - start.cpu_ns };
}

/* All words of the store. */
static void warm_up(struct asking *asking)
{
	const struct window_span part = asking->all;

	asking->all = (struct window_span){ 0, UINT64_MAX };
	day_values(asking);
	asking->all = part;
}

/* The first time apart: a view that is new, and has yet to read the words of the slices that it asks. */
static void ask(const char *folder, size_t question, uint64_t times)
{
	static uint64_t passed_ns[MAX_ASKS], cpu_ns[MAX_ASKS];
	struct asking asking = { .all = span_of_store(folder), .random = 3 };
	struct cost first = cost_since((struct cost){ 0 });
	uint64_t answer;

	check(store_view_new(folder, &asking.view), folder);
	answer = questions[question].ask(&asking);
	first = cost_since(first);
	warm_up(&asking);
	for (uint64_t i = 0; i < times; i++) {
		struct cost cost = cost_since((struct cost){ 0 });

		questions[question].ask(&asking);
		cost = cost_since(cost);
		passed_ns[i] = cost.passed_ns;
		cpu_ns[i] = cost.cpu_ns;
	}
	qsort(passed_ns, times, sizeof(*passed_ns), compare);
	qsort(cpu_ns, times, sizeof(*cpu_ns), compare);
	printf("%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%llu\n", questions[question].name,
	       (double)first.passed_ns / 1e6, (double)passed_ns[times / 2] / 1e6,
	       (double)passed_ns[times * 99 / 100] / 1e6, (double)first.cpu_ns / 1e6,
	       (double)cpu_ns[times * 99 / 100] / 1e6, (unsigned long long)answer);
	fflush(stdout);
	store_view_free(asking.view);
}

/* `question` NULL: each. */
static int ask_store(const char *folder, uint64_t times, const char *question)
{
	if (!times || times > MAX_ASKS)
		return 2;
	printf("question\tfirst_ms\tmedian_ms\tp99_ms\tfirst_cpu_ms\tp99_cpu_ms\tanswer\n");
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (!question || !strcmp(question, questions[i].name))
			ask(folder, i, times);
	return 0;
}

/* Of so many windows that end then. */
static uint64_t start_of(const char *end_seconds, uint64_t windows)
{
	return strtoull(end_seconds, NULL, 10) * 1000000000u - windows * WINDOW_NS;
}

int main(int argc, char **argv)
{
	if ((argc == 6 || argc == 7) && !strcmp(argv[1], "write")) {
		const uint64_t windows = strtoull(argv[3], NULL, 10);

		return write_store(argv[2], windows, (uint32_t)strtoul(argv[4], NULL, 10),
				   strtod(argv[5], NULL) / 100,
				   argc == 6 ? START_NS : start_of(argv[6], windows));
	}
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "ask"))
		return ask_store(argv[2], strtoull(argv[3], NULL, 10), argv[4]);
	if (argc == 4 && !strcmp(argv[1], "roll"))
		return roll_store(argv[2], strtoull(argv[3], NULL, 10));
	fprintf(stderr,
		"Usage: store_bench write FOLDER WINDOWS CPUS BUSY [END] | roll FOLDER LEVEL | ask FOLDER TIMES [QUESTION]\n");
	return 2;
}
