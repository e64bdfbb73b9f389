// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { profileOf, wholeOf } from './block.js';
import { DrawnTree } from './drawn_tree.js';
import { makeChart } from './time_chart.js';

// In the order of a walk: 1 main, 2 idle, 3 work, 4 alloc, 5 other.
const STACKS = { main: 3, 'main;idle': 4, 'main;work': 1, 'main;work;alloc': 5, other: 2 };
const SAMPLES = {
	threads: [
		{ name: 'a', pid: 1, tid: 1, rows: [[1, 3, 1], [1, 5, 1], [2, 0, 2], [2, 4, 2], [3, 8, 1], [4, 1, 2], [4, 2, 2]] },
		{ name: 'b', pid: 1, tid: 2, rows: [[1, 0, 1], [4, 9, 1]] },
		{ name: 'c', pid: 3, tid: 3, rows: [[5, -1, 1], [5, 7, 1]] },
	],
	time: [20e6, 0, 10, 1, 20e6],
};

// [[depth, name, start, total, self, from slot, to slot]] in the order of the chart
function chartOf(filters, most) {
	const profile = profileOf(STACKS, SAMPLES), drawn = new DrawnTree(profile, wholeOf(profile), filters.map(([kind, text]) => ({ kind, text })));
	const chart = makeChart(profile, drawn, most), nodes = [];
	for (let i = 1; i < chart.count; i++)
		nodes.push([chart.depth[i], profile.nameOf(chart.frame[i]), chart.start(i), chart.total(i), chart.self(i), chart.firstSlot[i], chart.lastSlot[i]]);
	return { chart, profile, nodes };
}

const OF_A = [
	[1, 'main', 0, 11, 2, 0, 9], [2, 'idle', 0, 2, 2, 0, 1], [2, 'work', 2, 4, 0, 1, 3], [3, 'alloc', 2, 4, 4, 1, 3], [2, 'idle', 7, 2, 2, 4, 5], [2, 'work', 10, 1, 1, 8, 9],
];

test('what goes on is one node, and what a frame did itself is a gap', () => {
	const { chart, nodes } = chartOf([['thread', 'a 1/1']]);
	assert.deepEqual(nodes, OF_A);
	assert.deepEqual([chart.whole, chart.deepest, chart.all], [11, 3, 15]);
	assert.deepEqual(chart.rows.map(row => Array.from(row.nodes)), [[0], [1], [2, 3, 5, 6], [4]]);
	assert.deepEqual([chart.nodeAt(2, 6), chart.nodeAt(2, 7), Array.from(chart.children(1)), chart.hasChildren(3), chart.hasChildren(4)], [-1, 5, [2, 3, 5, 6], true, false]);
	assert.deepEqual(Array.from(chart.nodesOf(chart.frame[2])), [2, 5]);
	assert.equal(chart.massOfFrame(chart.frame[2]), 4);
});

test('threads stand beside each other, the first to begin on the left, and never merge', () => {
	const { chart, nodes } = chartOf([]);
	assert.deepEqual(nodes.slice(0, 6), OF_A);
	assert.deepEqual(nodes.slice(6), [[1, 'main', 11, 2, 1, 0, 10], [2, 'work', 12, 1, 0, 9, 10], [3, 'alloc', 12, 1, 1, 9, 10], [1, 'other', 13, 1, 1, 7, 8]]);
	assert.deepEqual(Array.from(chart.thread), [-1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
	assert.equal(chart.whole, 14); // of one tick no time is known
});

test('a chart is of what is chosen and of what filters leave', () => {
	assert.deepEqual(chartOf([['time', '0.02-0.10'], ['thread', 'a 1/1']]).nodes,
		[[1, 'main', 0, 7, 1, 1, 5], [2, 'work', 0, 4, 0, 1, 3], [3, 'alloc', 0, 4, 4, 1, 3], [2, 'idle', 5, 2, 2, 4, 5]]);
	assert.deepEqual(chartOf([['hide', 'work'], ['ignore', 'idle'], ['thread', 'a 1/1']]).nodes, [[1, 'main', 0, 7, 3, 1, 9], [2, 'alloc', 0, 4, 4, 1, 3]]);
	assert.deepEqual(chartOf([['focus', 'nowhere']]).nodes, []);
});

test('with too many nodes slots are put together', () => {
	const { chart, nodes } = chartOf([['thread', 'a 1/1']], 6);
	assert.equal(chart.slotsPerStep, 10);
	assert.deepEqual(nodes, [[1, 'main', 0, 11, 2, 0, 10], [2, 'idle', 2, 4, 4, 0, 10], [2, 'work', 6, 5, 1, 0, 10], [3, 'alloc', 7, 4, 4, 0, 10]]);
	assert.equal(chartOf([['thread', 'a 1/1']], 7).chart.slotsPerStep, 1);
});
