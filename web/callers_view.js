// SPDX-License-Identifier: Apache-2.0
//
// One function: above it who calls it, below it what it calls, of all its places together. Recursion counts once.
export { CallersView, PivotTree };

import { FlameView } from './flame_view.js';
import { FrameSearch } from './frame_search.js';
import { StackTree } from './stack_tree.js';
import { callersOf, calleesOf, functionSums } from './tree_shaping.js';
import { graphParts } from './graph_parts.js';

// Callers or callees of the function at the root, out of the stacks of `base`. The root stands for all places of it, also those that lie on one another.
class PivotTree extends StackTree {
	constructor(nodes, base, isOfCallers) {
		super(nodes);
		Object.assign(this, { base, isOfCallers, all: base.all });
	}

	// A caller has only what it passed on.
	own(i) {
		return i === 0 ? this.base.selfOfFrame(this.frame[0]) : this.isOfCallers ? -1 : this.self(i);
	}
}

class CallersView {
	// `on`: { describe(view, node), choose(frame) }
	constructor(element, profile, theme, on) {
		Object.assign(this, { element, profile, theme, on });
		this.frame = -1;
		this.name = ''; // of it
		this.callers = this.pane('callers', 'Callers', false);
		this.callees = this.pane('callees', 'Callees', true);
		this.active = this.callees;
	}

	pane(id, label, isInverted) {
		const parts = graphParts(id, label), title = document.createElement('h2');
		title.textContent = label;
		this.element.append(title, parts.graph);
		const search = new FrameSearch(this.profile);
		const view = new FlameView(parts, this.profile, this.theme, search, {
			describe: i => this.on.describe(view, i),
			zoomed: () => {},
			choose: i => this.on.choose(view.tree.frame[i]),
		});
		view.canvas.isInverted = isInverted;
		view.search = search;
		parts.graph.addEventListener('focusin', () => { this.active = view; });
		return view;
	}

	get panes() {
		return [this.callers, this.callees];
	}

	// Without a choice the function with the most time of its own.
	defaultFrame(tree) {
		const { self } = functionSums(tree, this.profile.frames.count);
		let best = -1;
		for (let f = 0; f < self.length; f++) if (self[f] && (best < 0 || self[f] > self[best])) best = f;
		return best;
	}

	setFrame(tree, frame) {
		frame = this.profile.classes.of(frame);
		this.frame = frame >= 0 && tree.nodesOf(frame).length ? frame : this.defaultFrame(tree);
		if (this.frame < 0) return;
		const name = this.profile.nameOf(this.frame);
		if (name !== this.name) this.callers.isAtEnd = true; // where the function itself is
		this.name = name;
		this.callers.setTree(new PivotTree(callersOf(this.profile, tree, this.frame), tree, true));
		this.callees.setTree(new PivotTree(calleesOf(this.profile, tree, this.frame), tree, false));
	}

	find(query) {
		if (this.frame < 0) return;
		for (const pane of this.panes) {
			pane.search.run(query, pane.tree);
			pane.redraw();
		}
	}

	// In the pane that has the focus, or else in the other.
	step(by) {
		const pane = [this.active, ...this.panes].find(({ search }) => search.sums.count);
		if (this.frame >= 0) pane?.showMatch(pane.search.step(by));
	}

	layOut() {
		if (this.frame < 0) return;
		for (const pane of this.panes) pane.layOut();
	}

	// Of both panes, as FlameView has it; null: they are not in sight, and may be of another profile.
	get place() {
		return this.frame < 0 || this.element.hidden ? null : this.panes.map(pane => pane.place);
	}

	// When it is shown.
	restorePlace(places) {
		if (places && this.frame >= 0 && !this.element.hidden) this.panes.forEach((pane, k) => pane.restorePlace(places[k]));
	}
}
