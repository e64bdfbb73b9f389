// SPDX-License-Identifier: Apache-2.0
//
// A flame chart: the samples of each thread side by side in the order of their times, where a flame graph merges all that is of one name. What a sample has in common
// with the one before it, from the root on, goes on; the rest begins anew. So a frame has as many nodes as it was entered, and what it did itself between
// two calls is a gap. Threads stand beside each other, the one that began first on the left. Widths are ticks: what was not on a CPU takes no room.
//
// Of the samples of a thread in one slot of time the order is not known: they stand in that in which their stacks first came. Where there are too many nodes, slots are put together.
export { makeChart };

import { StackTree } from './stack_tree.js';

const CHART_NODES_MOST = 1 << 19; // as many as are searched and drawn at once

// A StackTree whose nodes tell where they stand; besides, per node its thread, and its slots from `firstSlot` on and before `lastSlot`.
class ChartTree extends StackTree {
	constructor({ depth, frame, places, thread, firstSlot, lastSlot }, slotsPerStep) {
		const count = depth.length;
		super({ depth, frame, self: places, room: { nodes: new Int32Array(count), starts: new Float64Array(count), ends: new Float64Array(count) } });
		Object.assign(this, { thread, firstSlot, lastSlot, slotsPerStep });
	}

	takeTicks(places) {
		this.ticks = places;
	}

	fillRows() {
		const { depth, count, ticks } = this, { nodes, starts, ends } = this.room, { rowFirst, deepest } = this.shape, next = rowFirst.slice();
		for (let i = 0; i < count; i++) {
			const k = next[depth[i]]++;
			nodes[k] = i;
			starts[k] = ticks.start[i];
			ends[k] = ticks.stop[i];
		}
		const part = (column, d) => column.subarray(rowFirst[d], rowFirst[d + 1]);
		this.rows = Array.from({ length: deepest + 1 }, (_, d) => ({ nodes: part(nodes, d), starts: part(starts, d), ends: part(ends, d) }));
		this.deepest = deepest;
	}

	start(i) {
		return this.ticks.start[i];
	}

	stop(i) {
		return this.ticks.stop[i];
	}

	total(i) {
		return this.ticks.stop[i] - this.ticks.start[i];
	}

	self(i) {
		return this.ticks.self[i];
	}
}

// Nodes as they are entered: each before those that lie on it.
class ChartNodes {
	constructor(tree) {
		this.tree = tree;
		this.count = 1;
		this.at = 0; // ticks
		this.open = [0]; // of the chart, the root first
		this.last = 0; // node of the tree
		this.columns = { depth: new Int32Array(1024), frame: new Int32Array(1024).fill(-1, 0, 1), thread: new Int32Array(1024).fill(-1, 0, 1),
			firstSlot: new Int32Array(1024), lastSlot: new Int32Array(1024), start: new Float64Array(1024), stop: new Float64Array(1024), self: new Float64Array(1024) };
	}

	grow() {
		for (const [name, column] of Object.entries(this.columns)) {
			const longer = new column.constructor(2 * column.length);
			longer.set(column);
			this.columns[name] = longer;
		}
	}

	// All but the nodes of the `depth` nearest to the root.
	close(depth, slot) {
		const { stop, lastSlot } = this.columns;
		while (this.open.length > depth + 1) {
			const i = this.open.pop();
			stop[i] = this.at;
			lastSlot[i] = slot;
		}
	}

	enter(node, thread, slot) {
		const i = this.count++;
		if (i >= this.columns.depth.length) this.grow();
		const { depth, frame, start, firstSlot, thread: threads } = this.columns;
		depth[i] = this.open.length;
		frame[i] = this.tree.frame[node];
		start[i] = this.at;
		firstSlot[i] = slot;
		threads[i] = thread;
		this.open.push(i);
	}

	// `past` is behind the last slot that was.
	add(node, thread, slot, past, ticks) {
		const { depth, parent } = this.tree, way = [];
		let before = this.last, now = node;
		while (before !== now) {
			if (depth[now] > depth[before]) {
				way.push(now);
				now = parent[now];
			} else {
				if (depth[before] === depth[now]) {
					way.push(now);
					now = parent[now];
				}
				before = parent[before];
			}
		}
		this.close(depth[now], past);
		while (way.length) this.enter(way.pop(), thread, slot);
		this.columns.self[this.open.at(-1)] += ticks;
		this.at += ticks;
		this.last = node;
	}

	endThread(past) {
		this.close(0, past);
		this.last = 0;
	}

	finish(slotsPerStep) {
		const { count } = this, { start, stop, self, ...others } = this.columns, cut = column => column.subarray(0, count);
		stop[0] = this.at;
		return new ChartTree({ ...Object.fromEntries(Object.entries(others).map(([name, column]) => [name, cut(column)])),
			places: { start: cut(start), stop: cut(stop), self: cut(self) } }, slotsPerStep);
	}
}

// The rows of a thread that are drawn, in the order of their steps, in one step in that of the tree: indexes.
function rowsInOrder({ samples, span }, thread, slotsPerStep) {
	const { slot } = samples, first = samples.first[thread], end = samples.first[thread + 1], rows = end - first, keys = new Float64Array(rows);
	let count = 0;
	for (let i = first; i < end; i++) {
		if (slot[i] < 0 || (span.from >= 0 && (slot[i] < span.from || slot[i] >= span.to))) continue;
		keys[count++] = Math.floor(slot[i] / slotsPerStep) * rows + i - first;
	}
	return Array.from(keys.subarray(0, count).sort(), key => first + key % rows);
}

// null: there are more nodes than are drawn.
function fillChart({ profile, drawn, threads, slotsPerStep, most }) {
	const { samples } = profile, { slot, node, ticks } = samples, nodes = new ChartNodes(drawn.tree);
	for (const thread of threads) {
		let past = 0;
		for (const i of rowsInOrder({ samples, span: drawn.span }, thread, slotsPerStep)) {
			const place = drawn.place(node[i]);
			if (place < 0) continue;
			const begin = slot[i] - slot[i] % slotsPerStep;
			nodes.add(place, thread, begin, past, ticks[i]);
			past = Math.min(begin + slotsPerStep, samples.time.slots);
			if (nodes.count > most) return null;
		}
		nodes.endThread(past);
	}
	return nodes.finish(slotsPerStep);
}

// The chart of a DrawnTree whose samples have times.
function makeChart(profile, drawn, most = CHART_NODES_MOST) {
	const { samples } = profile, { slot, first } = samples, threads = [], begins = [];
	for (let t = 0; t < samples.threads.length; t++) {
		if (drawn.threads && !drawn.threads[t]) continue;
		begins[t] = Infinity;
		for (let i = first[t]; i < first[t + 1]; i++) if (slot[i] >= 0 && slot[i] < begins[t]) begins[t] = slot[i];
		if (begins[t] < Infinity) threads.push(t);
	}
	threads.sort((a, b) => begins[a] - begins[b] || a - b);
	const chart = fillWithin({ profile, drawn, threads, most });
	chart.all = drawn.tree.all;
	return chart;
}

// Steps that have less than one row of a thread on the average put nothing together.
function fillWithin(what) {
	const { threads, profile: { samples: { time: { slots }, count } } } = what;
	for (let slotsPerStep = 1, next = 10 ** Math.max(1, Math.ceil(Math.log10(slots * threads.length / count))); ; slotsPerStep = next, next *= 10) {
		const chart = fillChart({ ...what, slotsPerStep, most: slotsPerStep >= slots ? Infinity : what.most });
		if (chart) return chart;
	}
}
