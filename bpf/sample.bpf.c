// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tick: a perf event fires on a CPU, and this finds out who was interrupted and where.
 *
 * Every tick in a target ends as one small record with its fate, or in a counter of lost ticks. Stacks,
 * processes and modules are told once, ahead of the first tick that refers to them. Time that passed
 * on this CPU without a tick is seen as a gap in the timer's grid and charged to the task that the next tick finds.
 */
#include "bpf/session.bpf.h"
#include "bpf/process.bpf.h"
#include "bpf/mapping.bpf.h"
#include "bpf/module.bpf.h"
#include "bpf/snapshot.bpf.h"
#include "bpf/stack.bpf.h"
#include "bpf/target.bpf.h"
#include "bpf/timer_grid.h"

char LICENSE[] SEC("license") = "GPL";

#define MAX_LOST_COMMS 1024

/* Lost ticks by comm; what finds no room here is still in cpu_states. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_LOST_COMMS);
	__type(key, struct lost_key);
	__type(value, __u64);
} lost_ticks SEC(".maps");

/*
 * This CPU's idle task, by way of the interrupted one. Without group scheduling (CONFIG_FAIR_GROUP_SCHED)
 * it is not to be found: then no CPU seems ever idle.
 */
static __always_inline struct task_struct *find_idle_task(struct task_struct *task)
{
	struct cfs_rq *queue = NULL;

	if (!bpf_core_field_exists(task->se.cfs_rq) || !bpf_core_field_exists(queue->rq))
		return NULL;
	queue = BPF_CORE_READ(task, se.cfs_rq);
	return BPF_CORE_READ(queue, rq, idle);
}

/* How often this CPU left its idle task, which is never asked to sleep: leaving it counts as involuntary. */
static __always_inline __u64 read_idle_exits(struct scratch *scratch, struct task_struct *task)
{
	struct task_struct *idle = (void *)scratch->idle_task;

	if (!idle) {
		idle = find_idle_task(task);
		scratch->idle_task = (__u64)idle;
	}
	return BPF_CORE_READ(idle, nivcsw);
}

static __always_inline __u64 read_running_ns(struct task_struct *task)
{
	return task->se.sum_exec_runtime - task->se.prev_sum_exec_runtime;
}

/* Ticks that did not fire before this one; those of an idle CPU are counted as such. */
static __always_inline __u64 count_skipped(struct cpu_state *cpu, struct scratch *scratch,
					   struct task_struct *task, __u64 now)
{
	struct cpu_activity activity = { .idle_exits = read_idle_exits(scratch, task) };
	__u64 period = scratch->tick.period_ns, late, idle;

	late = timer_grid_advance(cpu, config.is_clock ? period : 0, now, &activity);
	if (!late)
		return 0;
	idle = activity.was_idle ? timer_grid_idle(late, period, read_running_ns(task)) : 0;
	cpu->idle += idle;
	return late - idle;
}

static __always_inline void count_lost(struct cpu_state *cpu, const char *comm, __u32 reason,
				       __u64 ticks)
{
	struct lost_key key = { .reason = reason };
	__u64 *count;

	if (!ticks)
		return;
	if (reason < REASON_COUNT)
		cpu->lost[reason] += ticks;
	__builtin_memcpy(key.comm, comm, sizeof(key.comm));
	count = bpf_map_lookup_elem(&lost_ticks, &key);
	if (count)
		__sync_fetch_and_add(count, ticks);
	else
		bpf_map_update_elem(&lost_ticks, &key, &ticks, BPF_NOEXIST);
}

/* Fills in the tick; false: one of the records that it refers to had no room. */
static __always_inline bool read_tick(struct bpf_perf_event_data *ctx, struct task_struct *task,
				      struct walk_context *context)
{
	struct tick_event *tick = &context->scratch->tick;
	bool user_mode = arch_is_user_mode(ctx);

	tick->fate = TICK_COMPLETE;
	tick->reason = REASON_NONE;
	tick->flags = 0;
	tick->kernel_stack = 0;
	tick->kernel_check = 0;
	tick->user_stack = 0;
	tick->user_check = 0;
	if (!tell_process(task, context->scratch))
		return false;
	if (!user_mode && !take_kernel_stack(ctx, context))
		return false;
	tick->kernel_reason = tick->reason;
	return take_user_stack(task, context, user_mode);
}

static __always_inline void take_tick(struct bpf_perf_event_data *ctx, struct task_struct *task,
				      struct cpu_state *cpu, struct walk_context *context,
				      __u64 late)
{
	struct scratch *scratch = context->scratch;
	struct tick_event *tick = &scratch->tick;

	scratch->window = cpu->window;
	tick->type = EVENT_TICK;
	tick->window = (__u8)scratch->window;
	tick->cpu = bpf_get_smp_processor_id();
	tick->time_ns = bpf_ktime_get_boot_ns();
	tick->tid = task->pid;
	tick->late = late;
	read_process(task, &scratch->process);
	tick->process = scratch->process.id;
	cpu->fired++;
	cpu->late += late;
	if (read_tick(ctx, task, context) &&
	    (take_snapshot(context) || !send_event(tick, sizeof(*tick), cpu->fired == 1)))
		return;
	count_lost(cpu, scratch->process.comm, REASON_RING_FULL, 1);
	count_lost(cpu, scratch->process.comm, REASON_LATE, late);
}

SEC("perf_event")
int tick(struct bpf_perf_event_data *ctx)
{
	__u64 entered = bpf_ktime_get_ns();
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 number = bpf_get_smp_processor_id(), slot = SCRATCH_TICK, zero = 0;
	struct cpu_state *cpu = bpf_map_lookup_elem(&cpu_states, &number);
	struct walk_context context = {
		.scratch = bpf_map_lookup_elem(&scratches, &slot),
		.walk = bpf_map_lookup_elem(&user_walks, &zero),
	};
	__u64 late;

	if (!cpu || !context.scratch || !context.walk)
		return 0;
	/* Read once: user space may set another one at any time, and all that is counted now is to be of one. */
	context.scratch->tick.period_ns = *(volatile __u64 *)&cpu->period_ns;
	late = count_skipped(cpu, context.scratch, task, entered);
	if (!task->pid)
		cpu->idle += 1 + late; /* the idle task */
	else if (is_target(task))
		take_tick(ctx, task, cpu, &context, late);
	cpu->bpf_runs++;
	cpu->bpf_ns += bpf_ktime_get_ns() - entered;
	return 0;
}

/* Which module does the calling process map at an address? For user space, to verify what it opened. */
SEC("syscall")
int identify(struct identify_argument *argument)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct mapping mapping = {};
	struct scratch *scratch;
	struct file *file = NULL;
	__u32 slot = SCRATCH_IDENTIFY;

	argument->module = 0;
	argument->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	argument->monotonic_ns = bpf_ktime_get_ns();
	argument->boottime_ns = bpf_ktime_get_boot_ns();
	argument->sequence = sequence_kind();
	scratch = bpf_map_lookup_elem(&scratches, &slot);
	if (scratch && mm &&
	    read_mapping(task, mm, argument->address, &scratch->maple_node, &mapping,
			 &scratch->module.key, &file))
		argument->module = mapping.module;
	if (file)
		argument->key = scratch->module.key;
	return 0;
}
