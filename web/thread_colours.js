// SPDX-License-Identifier: Apache-2.0
//
// Which thread a node of the tree is of: the one that has more than half of its ticks.
export { nodeThreads, threadColouring, chartColouring, showThreadLegend };

import { threadText } from './sample_choice.js';

const THREAD_RAMPS = ['native', 'kernel', 'jit', 'interpreted', 'inlined'];
const THREAD_SHADES = [5, 11, 1, 14, 8]; // of the threads that come by one ramp
const LEGEND_THREADS = 3;

// The only thread that may have more than half is what is left when ticks of different threads cancel each other out, and of a node that
// is what is left of what is left of its own ticks and its children (Boyer and Moore's vote). -1: none can.
function voteForThreads({ tree }, rows) {
	const winner = new Int32Array(tree.count).fill(-1), lead = new Float64Array(tree.count);
	const vote = (i, thread, ticks) => {
		if (winner[i] === thread) return void (lead[i] += ticks);
		lead[i] -= ticks;
		if (lead[i] >= 0) return;
		winner[i] = thread;
		lead[i] = -lead[i];
	};
	for (const { node, thread, ticks } of rows) vote(node, thread, ticks);
	for (let i = tree.count - 1; i > 0; i--) if (winner[i] >= 0 && lead[i]) vote(tree.parent[i], winner[i], lead[i]);
	return winner;
}

// Per node of the drawn tree the thread, by its index; -1: none has more than half. (A node of which no sample is known is of none.)
function nodeThreads(drawn) {
	const { tree } = drawn, rows = drawn.threadRows(), winner = voteForThreads(drawn, rows), ticks = new Float64Array(tree.count);
	for (const row of rows)
		for (let i = row.node; i >= 0; i = tree.parent[i]) if (winner[i] === row.thread) ticks[i] += row.ticks;
	for (let i = 0; i < tree.count; i++) if (2 * ticks[i] <= tree.total(i)) winner[i] = -1;
	return winner;
}

// Those of the drawn threads that have the most ticks have colours that differ most: [{ thread, look }], they first.
function threadLooks(profile, drawn) {
	const names = profile.ramps.map(ramp => ramp.name);
	const threads = profile.samples.threads.map((_, thread) => thread).filter(thread => !drawn.threads || drawn.threads[thread]);
	return threads.map((thread, rank) => ({ thread, look: {
		ramp: Math.max(0, names.indexOf(THREAD_RAMPS[rank % THREAD_RAMPS.length])),
		shade: THREAD_SHADES[Math.floor(rank / THREAD_RAMPS.length) % THREAD_SHADES.length],
	} }));
}

function severalLook(profile) {
	return { ramp: Math.max(0, profile.ramps.findIndex(ramp => ramp.name === 'unknown')), shade: 8 };
}

// node → { ramp, shade }
function threadColouring(profile, drawn) {
	return looksOf(profile, drawn, nodeThreads(drawn));
}

// Of a flame chart each node is of one thread.
function chartColouring(profile, drawn, chart) {
	return looksOf(profile, drawn, chart.thread);
}

function looksOf(profile, drawn, threads) {
	const several = severalLook(profile), looks = [];
	for (const { thread, look } of threadLooks(profile, drawn)) looks[thread] = look;
	return node => looks[threads[node]] || several;
}

function showThreadLegend(element, profile, drawn, side) {
	const item = (text, { ramp, shade }) => {
		const span = document.createElement('span'), swatch = document.createElement('i');
		span.className = 'cut';
		span.title = text;
		swatch.style.background = profile.ramps[ramp].shades[shade][side].fill;
		span.append(swatch, text);
		return span;
	};
	const first = threadLooks(profile, drawn).slice(0, LEGEND_THREADS);
	element.replaceChildren(...first.map(({ thread, look }) => item(threadText(profile.samples.threads[thread]), look)), item('several', severalLook(profile)));
}
