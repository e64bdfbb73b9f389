// SPDX-License-Identifier: Apache-2.0
//
// Writes a block by what render/profile_block.h says, for tests of what reads it: a profile out of "frame;frame" → ticks, and samples. A frame is
// "name|module|kind|file|line", of which all but the name may be missing; in brackets it is a marker.
export { writeBlock, treeOf, profileOf };

import { decodeProfile } from './profile_data.js';
import { wholeTree } from './drawn_tree.js';

function number(value) {
	const bytes = [];
	for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
	return [...bytes, value];
}

const run = bytes => [...number(bytes.length), ...bytes];
const text = string => run([...new TextEncoder().encode(string)]);
const column = values => run(values.flatMap(number));
const section = (tag, ...parts) => [...new TextEncoder().encode(tag), ...run(parts.flat())];

// Nodes in the order of a walk: [{ depth, name, self }].
function walk(stacks) {
	const root = { children: new Map(), self: 0 }, nodes = [];
	for (const [stack, ticks] of Object.entries(stacks)) {
		let at = root;
		for (const name of stack.split(';')) {
			if (!at.children.has(name)) at.children.set(name, { name, children: new Map(), self: 0 });
			at = at.children.get(name);
		}
		at.self += ticks;
	}
	const visit = (node, depth) => {
		if (depth) nodes.push({ depth, name: node.name, self: node.self });
		for (const name of [...node.children.keys()].sort()) visit(node.children.get(name), depth + 1);
	};
	visit(root, 0);
	return nodes;
}

// `samples`: { threads: [{ name, pid, tid, rows: [[node, slot, ticks]] }], time: [slotNs, startNs, slots, wider, cellNs] }, as the block has them: rows stand by node and slot.
function sampleSections({ threads, together = 0, time }) {
	const names = [...new Set(threads.map(thread => thread.name))].filter(Boolean), nodes = [], slots = [], ticks = [];
	for (const { rows } of threads) {
		rows.forEach(([node, slot, count], i) => {
			const [before, beforeSlot] = i ? rows[i - 1] : [0, -1];
			nodes.push(node - before);
			slots.push(slot + 1 - (i && node === before ? beforeSlot + 1 : 0));
			ticks.push(count);
		});
	}
	const columns = [thread => names.indexOf(thread.name) + 1, thread => thread.pid + 1, thread => thread.tid + 1, thread => thread.rows.length];
	return [
		...section('thrd', number(names.length), names.flatMap(text), number(threads.length), columns.flatMap(of => column(threads.map(of))), number(together)),
		...(time ? section('time', time.flatMap(number)) : []),
		...section('smpl', column(nodes), column(slots), column(ticks)),
	];
}

const KINDS = ['native', 'kernel', 'inlined', 'process', 'marker'];

function readFrame(frame) {
	const [name, module = '', kind = name.startsWith('[') ? 'marker' : 'native', file = '', line = 0] = frame.split('|');
	return { frame, name, module, kind: KINDS.indexOf(kind), file, line: +line };
}

function compare(a, b) {
	const key = ['name', 'kind', 'module', 'file', 'line'].find(each => a[each] !== b[each]);
	return key ? a[key] < b[key] ? -1 : 1 : 0;
}

function stringSection(strings) {
	const bytes = strings.map(string => [...new TextEncoder().encode(string)]);
	return section('strs', number(strings.length), column(strings.map(() => 0)), column(bytes.map(each => each.length)), run(bytes.flat()));
}

function frameSections(frames, strings) {
	const places = frames.map(({ name }) => strings.indexOf(name)), steps = places.map((place, i) => 2 * (place - (i ? places[i - 1] : 0)));
	const zeros = frames.map(() => 0), stringOf = key => column(frames.map(frame => frame[key] ? strings.indexOf(frame[key]) + 1 : 0));
	return [
		...section('fram', number(frames.length), column(steps), stringOf('module'), column(frames.map(({ kind }) => kind))),
		...(frames.some(({ file }) => file) ? section('line', stringOf('file'), column(frames.map(({ line }) => line))) : []),
		...section('look', number(0), column(zeros), column(zeros)),
	];
}

function writeBlock(stacks, samples) {
	const nodes = walk(stacks), frames = [...new Set(nodes.map(node => node.name))].map(readFrame).sort(compare), places = frames.map(({ frame }) => frame);
	const strings = [...new Set(frames.flatMap(({ name, module, file }) => [name, module, file]))].filter(Boolean).sort();
	const ups = nodes.map((node, i) => (i ? nodes[i - 1].depth : 0) + 1 - node.depth), total = nodes.reduce((sum, node) => sum + node.self, 0);
	return Uint8Array.from([
		...new TextEncoder().encode('HPB1'),
		...section('info', number(0)),
		...section('kind', number(KINDS.length), KINDS.flatMap(text)),
		...stringSection(strings),
		...frameSections(frames, strings),
		...section('tree', number(0), number(nodes.length), column(ups), column(nodes.map(node => places.indexOf(node.name))), column(nodes.map(node => node.self))),
		...section('fate', [0, total, total, 0, 0, 0].flatMap(number)),
		...section('next', number(1)), // of a kind that nobody knows yet
		...(samples ? sampleSections(samples) : []),
	]);
}

function profileOf(stacks, samples) {
	return decodeProfile(writeBlock(stacks, samples));
}

// { "a;b": ticks } of a tree, of the nodes that have ticks of their own.
function treeOf(profile, tree) {
	const stacks = {};
	for (let i = 0; i < tree.count; i++)
		if (tree.self(i)) stacks[tree.path(i).slice(1).map(node => profile.nameOf(tree.frame[node])).join(';')] = tree.self(i);
	return stacks;
}

export const wholeOf = (profile, order = 'name') => wholeTree(profile, order);
