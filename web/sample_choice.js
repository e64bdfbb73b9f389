// SPDX-License-Identifier: Apache-2.0
//
// Which samples are drawn: those of processes and threads, and those of a span of time. A choice is filters like the others, with a text that
// stands in the address: process "nginx 812", thread "nginx 812/815", time "12.4-15.1" (seconds from the first sample on).
export { CHOICE_KINDS, processesOf, namesBorne, threadText, processText, spanText, readSpan, chooseThreads, chooseSpan, choiceText, choiceWords };

import { decimalsOf } from './plain_numbers.js';

const CHOICE_KINDS = ['process', 'thread', 'time'];

const numberText = id => id < 0 ? '?' : String(id);

function processText({ name, pid }) {
	return [name, pid < 0 ? '' : pid].filter(part => part !== '').join(' ') || 'unknown';
}

// A thread's own name may differ from its process's.
function threadText({ name, pid, tid }) {
	if (name && pid < 0 && tid < 0) return name;
	return [name, `${numberText(pid)}/${numberText(tid)}`].filter(Boolean).join(' ');
}

// What one can pick: [{ name, pid, ticks, threads: [index] }], the one with the most ticks first. A process is named as its first thread is, else as
// the one with the most ticks; threads of no known process are together if they have one name.
function processesOf(samples) {
	const processes = new Map();
	samples.threads.forEach((thread, index) => {
		const key = thread.pid < 0 ? thread.name : thread.pid;
		if (!processes.has(key)) processes.set(key, { name: thread.name, pid: thread.pid, ticks: 0, threads: [] });
		const process = processes.get(key);
		if (thread.tid === thread.pid && thread.pid >= 0) process.name = thread.name;
		process.ticks += thread.ticks;
		process.threads.push(index);
	});
	return [...processes.values()].sort((a, b) => b.ticks - a.ticks);
}

// Per thread the names of the processes that head its stacks: several where it started another program. Rows name nodes as they came.
function namesBorne({ nodes: { depth, frame }, samples: { threads, first, cameAt }, kindOf, functionOf }) {
	const head = new Int32Array(depth.length).fill(-1);
	for (let i = 1; i < depth.length; i++) head[i] = depth[i] > 1 ? head[i - 1] : kindOf(frame[i]) === 'process' ? frame[i] : -1;
	return threads.map((_, t) => {
		const heads = new Set();
		for (let i = first[t]; i < first[t + 1]; i++) heads.add(head[cameAt[i]]);
		return Array.from(heads).filter(f => f >= 0).map(functionOf);
	});
}

// A 1 for each thread that one of the filters means; null where none says anything of threads.
function chooseThreads(samples, filters) {
	const texts = kind => new Set(filters.filter(filter => filter.kind === kind).map(filter => filter.text));
	const processes = texts('process'), threads = texts('thread');
	if (!processes.size && !threads.size) return null;
	const chosen = new Uint8Array(samples.threads.length);
	for (const process of processesOf(samples))
		if (processes.has(processText(process))) for (const t of process.threads) chosen[t] = 1;
	samples.threads.forEach((thread, t) => { if (threads.has(threadText(thread))) chosen[t] = 1; });
	return chosen;
}

// Slots as seconds, with as many decimals as a slot has.
function spanText({ from, to }, { slotNs, cellNs }) {
	return [from * slotNs, Math.ceil(to * slotNs / cellNs) * cellNs].map(time => (time / 1e9).toFixed(decimalsOf(cellNs / 1e9))).join('-');
}

// { from, to } in seconds, or null: it is no span.
function readSpan(text) {
	const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) || [];
	return to !== undefined && +from < +to ? { from: +from, to: +to } : null;
}

// The slots that all filters of time mean: { from, to }, `to` is behind the last one; from -1: whatever time, also none.
function chooseSpan(samples, filters) {
	const spans = filters.filter(filter => filter.kind === 'time').map(filter => readSpan(filter.text));
	if (!spans.length || !samples.time) return { from: -1, to: -1 };
	const { slotNs, slots } = samples.time, slotAt = seconds => Math.round(seconds * 1e9 / slotNs);
	const from = Math.min(slots, Math.max(0, ...spans.map(span => slotAt(span.from)))), to = Math.min(slots, ...spans.map(span => slotAt(span.to)));
	return { from, to: Math.max(from, to) };
}

// A filter's text as it is read.
function choiceText({ kind, text }) {
	return kind === 'time' ? text.replace('-', ' – ') + ' s' : text;
}

// "process nginx 812 · time 12.4 – 15.1 s · hide /^x/": what is drawn of a profile, for pictures of it.
function choiceWords(filters) {
	return filters.map(filter => [filter.kind, choiceText(filter)].filter(Boolean).join(' ')).join(' · ');
}
