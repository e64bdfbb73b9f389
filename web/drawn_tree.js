// SPDX-License-Identifier: Apache-2.0
//
// The tree that is drawn: that of the profile, of it the samples that are chosen, and of these what the filters leave.
export { DrawnTree, wholeTree };

import { FrameClasses } from './frame_classes.js';
import { orderNodes, parentsOf } from './sibling_order.js';
import { StackTree } from './stack_tree.js';
import { passNodes, shapeNodes } from './tree_shaping.js';
import { CHOICE_KINDS, chooseSpan, chooseThreads } from './sample_choice.js';

// The tree of all samples, siblings in this order. The profile's samples then name their stacks by its nodes.
function wholeTree(profile, order) {
	const { depth, frame, self } = profile.nodes, nodes = orderNodes({ parent: parentsOf(depth), frame, self }, order);
	profile.samples?.moveNodes(nodes.at);
	profile.pair?.moveNodes(nodes.at);
	return new StackTree({ ...nodes, order });
}

class DrawnTree {
	// `filters`: [{ kind, text }], those of samples only where the profile has some. Throws a SyntaxError for a broken expression.
	constructor(profile, whole, filters) {
		this.profile = profile;
		this.filters = filters;
		this.whole = whole;
		this.shaping = filters.filter(({ kind }) => !CHOICE_KINDS.includes(kind));
		this.classes = new FrameClasses(profile, this.shaping);
		this.threads = profile.samples ? chooseThreads(profile.samples, filters) : null;
		this.span = profile.samples ? chooseSpan(profile.samples, filters) : { from: -1, to: -1 };
		this.chosen = this.threads || this.span.from >= 0 ? whole.withTicks(this.sums()) : whole; // its nodes are those of the whole
		this.tree = this.chosen;
		this.at = null; // node of what is chosen → node of what is made of it, -1: its ticks are not in it
		if (this.classes.first || this.shaping.some(({ kind }) => kind !== 'lines')) this.takeNodes(shapeNodes(profile, this.chosen, this.shaping, this.classes));
		else if (this.chosen !== whole && whole.order === 'total') this.takeNodes(this.sortChosen());
		this.tree.all = whole.whole;
	}

	sums() {
		return this.profile.samples.sumNodes(this.whole.count, this.threads, this.span.from, this.span.to);
	}

	// Of what is chosen others are the largest.
	sortChosen() {
		const { parent, frame, order, count } = this.chosen;
		return orderNodes({ parent, frame, self: Float64Array.from({ length: count }, (_, i) => this.chosen.self(i)) }, order);
	}

	takeNodes(nodes) {
		this.tree = new StackTree({ ...nodes, order: this.whole.order });
		this.at = nodes.at;
	}

	// The node of the tree that has the ticks of a node of the whole one; -1: none has.
	place(node) {
		return !this.chosen.total(node) ? -1 : this.at ? this.at[node] : node;
	}

	// A 1 for each node of the whole tree whose ticks pass the filters of functions, and match a search (`hits` per frame); null: all do.
	passing(hits) {
		const { whole, profile, shaping } = this, passes = shaping.length ? passNodes(profile, whole, shaping).passes : null;
		if (!hits) return passes;
		const { end, frame, count } = whole, matches = new Uint8Array(count);
		for (let i = 1, past = 0; i < count; i++) {
			if (hits[frame[i]]) past = Math.max(past, end[i]);
			matches[i] = i < past ? 1 : 0;
		}
		if (passes) for (let i = 0; i < count; i++) matches[i] &= passes[i];
		return matches;
	}

	// The ticks of each thread at each node of the tree: [{ node, thread, ticks }], each pair once or more.
	threadRows() {
		const { samples } = this.profile, rows = [], { from, to } = this.span;
		for (let thread = 0; thread < samples.threads.length; thread++) {
			if (this.threads && !this.threads[thread]) continue;
			for (let i = samples.first[thread]; i < samples.first[thread + 1]; i++) {
				if (from >= 0 && (samples.slot[i] < from || samples.slot[i] >= to)) continue;
				const node = this.place(samples.node[i]), last = rows.at(-1);
				if (node < 0) continue;
				if (last && last.node === node && last.thread === thread) last.ticks += samples.ticks[i];
				else rows.push({ node, thread, ticks: samples.ticks[i] });
			}
		}
		return rows;
	}

	// What the cells of the timeline depend on.
	get cellsKey() {
		return JSON.stringify(this.filters.filter(({ kind }) => kind !== 'time'));
	}

	// Ticks per cell of the timeline: of the chosen threads, at whatever time.
	sumCells(cells, perCell, hits) {
		return this.profile.samples.sumCells(cells, perCell, this.threads, this.passing(hits));
	}
}
