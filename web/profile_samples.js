// SPDX-License-Identifier: Apache-2.0
//
// The single samples of a profile, where it has them: by thread, by stack and by slot of time (render/profile_block.h).
export { readSamples, SampleTable };

const SLOT_MOST = 2 ** 31 - 2; // there is none behind it (render/block_samples.c), and numbers of 32 bits have it and 1 more

function readThreads(section) {
	const names = Array.from({ length: section.number() }, () => section.text()), count = section.number();
	const [name, pid, tid] = [0, 1, 2].map(() => section.column(count, Float64Array)), rows = section.column(count, Uint32Array);
	const threads = Array.from({ length: count }, (_, i) => ({ name: name[i] ? names[name[i] - 1] : '', pid: pid[i] - 1, tid: tid[i] - 1, ticks: 0 }));
	return { threads, rows, together: section.number() };
}

function readTime(section) {
	const [slotNs, startNs, slots, wider, cellNs] = Array.from({ length: 5 }, () => section.number());
	return { slotNs, startNs, slots, wider, cellNs };
}

// Rows stand by thread, node as it came, and slot. `first[t]` is the first row of thread t; a slot of -1 is no time. `node` is of the whole tree.
class SampleTable {
	constructor({ threads, together, time, first, node, slot, ticks }) {
		Object.assign(this, { threads, together, time, first, cameAt: node, node: node.slice(), slot, ticks, count: node.length });
	}

	// `at`: per node as it came that of the whole tree, which has another order.
	moveNodes(at) {
		const { cameAt, node, count } = this;
		for (let i = 0; i < count; i++) node[i] = at[cameAt[i]];
	}

	// Ticks per node of those rows: `chosen` has a 1 for each thread that is meant, null is all; slots from `from` on and before `to`, all where `from` is -1. They last until
	// it is called again.
	sumNodes(nodeCount, chosen, from, to) {
		const { first, threads } = this, sums = this.nodeSums ??= new Float64Array(nodeCount), last = from < 0 ? SLOT_MOST : to - 1;
		sums.fill(0);
		for (let t = 0; t < threads.length; t++) if (!chosen || chosen[t]) this.addToNodes(sums, first[t], first[t + 1], from, last);
		return sums;
	}

	// Rows of a thread. Whether one is meant cannot be foretold, so a branch would take longer than what it saves.
	addToNodes(sums, row, end, from, last) {
		const { node, slot, ticks } = this;
		for (let i = row; i < end; i++) {
			const isOut = (slot[i] - from | last - slot[i]) >>> 31;
			sums[node[i]] += ticks[i] * (1 - isOut);
		}
	}

	// Ticks of no known time at these nodes, a Set.
	sumUntimed(chosen, nodes) {
		const { node, slot, ticks, first, threads } = this;
		let sum = 0;
		for (let t = 0; nodes.size && t < threads.length; t++)
			for (let i = first[t]; (!chosen || chosen[t]) && i < first[t + 1]; i++) if (slot[i] < 0 && nodes.has(node[i])) sum += ticks[i];
		return sum;
	}

	// Ticks per `perCell` slots. `keeps` has a 1 for each node whose ticks are meant, null is all.
	sumCells(cells, perCell, chosen, keeps) {
		const { first, threads } = this, sums = new Float64Array(cells + 1), cellOf = this.cellsOf(cells, perCell);
		for (let t = 0; t < threads.length; t++) if (!chosen || chosen[t]) this.addToCells(sums, first[t], first[t + 1], cellOf, keeps);
		return sums.subarray(0, cells);
	}

	// Per row its cell, the one behind the last where it has no time. The cells are the same for long, and a division of each row is what takes longest.
	cellsOf(cells, perCell) {
		const { slot, count } = this;
		if (this.perCell === perCell) return this.cellOf;
		this.perCell = perCell;
		this.cellOf ??= new Int32Array(count);
		for (let i = 0; i < count; i++) this.cellOf[i] = slot[i] < 0 ? cells : slot[i] / perCell;
		return this.cellOf;
	}

	// Whether a row is meant cannot be foretold here, either.
	addToCells(sums, row, end, cellOf, keeps) {
		const { node, ticks } = this;
		if (keeps) for (let i = row; i < end; i++) sums[cellOf[i]] += ticks[i] * keeps[node[i]];
		else for (let i = row; i < end; i++) sums[cellOf[i]] += ticks[i];
	}
}

// null: the profile tells no samples. Sections as profile_data.js has them.
function readSamples(sections) {
	if (!sections.has('thrd') || !sections.has('smpl')) return null;
	const { threads, rows, together } = readThreads(sections.get('thrd')), first = new Uint32Array(threads.length + 1);
	for (let t = 0; t < threads.length; t++) first[t + 1] = first[t] + rows[t];
	const count = first[threads.length], section = sections.get('smpl');
	const node = section.column(count, Uint32Array), slot = section.column(count, Int32Array), ticks = section.column(count, Float64Array);
	for (let t = 0; t < threads.length; t++) {
		for (let i = first[t], at = 0, when = 0; i < first[t + 1]; i++) {
			when = slot[i] + (node[i] || i === first[t] ? 0 : when);
			at += node[i];
			node[i] = at;
			slot[i] = when - 1;
			threads[t].ticks += ticks[i];
		}
	}
	const time = sections.has('time') ? readTime(sections.get('time')) : null;
	return new SampleTable({ threads, together, time, first, node, slot, ticks });
}
