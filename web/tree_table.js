// SPDX-License-Identifier: Apache-2.0
//
// The stacks as a tree of rows that open, heaviest first: the graph in words, for eyes and screen readers alike. A search tints the rows that match.
export { TreeTable };

import { followPath, pathOf } from './view_address.js';
import { amountHeading, fillAmountCell, groupDigits } from './plain_numbers.js';

const TREE_STEP = 100;      // children of a row shown at a time
const OPEN_KEPT = 1000;     // rows that stay open in another tree
const HOT_PATH_SHARE = .5;  // a row opens by itself while one child has so much of it

class TreeTable {
	// `on`: { describe(node), choose(node) }
	constructor(element, profile, search, on) {
		Object.assign(this, { element, profile, search, on });
		this.current = -1; // the match that is looked at
		this.element.setAttribute('aria-label', 'Tree of stacks');
		this.element.addEventListener('keydown', event => this.onKey(event));
	}

	setTree(tree) {
		this.tree = tree;
		this.open = new Map(this.hotPath().map(i => [i, TREE_STEP]));
		this.at = 0;
		this.current = -1;
	}

	// Rows that were opened, and closed, that of the keys and what has the focus, by names of functions: they can be found in another tree. null: there is none.
	get place() {
		const { tree, element } = this, { activeElement: focused } = document, path = i => pathOf(this.profile, tree, i);
		if (!tree.whole) return null;
		const open = Array.from(this.open).filter(([i]) => tree.total(i)).slice(0, OPEN_KEPT).map(([i, most]) => ({ path: path(i), most }));
		const hasFocus = focused !== element && element.contains(focused), more = hasFocus && focused.dataset.moreOf;
		const closed = this.hotPath().filter(i => !this.open.has(i)).map(path);
		return { open, closed, at: path(this.at), hasFocus, moreOf: more ? path(+more) : null };
	}

	findPlace(place) {
		if (!place) return;
		const find = path => followPath(this.profile, this.tree, path);
		for (const { node, missing } of place.closed.map(find)) if (!missing) this.open.delete(node);
		for (const { path, most } of place.open) {
			const { node, missing } = find(path);
			if (!missing) this.open.set(node, most);
		}
		this.at = find(place.at).node;
		this.openUpTo(this.at);
	}

	// When it is shown.
	restorePlace(place) {
		if (!place?.hasFocus) return;
		const more = place.moreOf !== null && this.element.querySelector(`[data-more-of="${followPath(this.profile, this.tree, place.moreOf).node}"]`);
		(more || this.element.querySelector(`tr[data-node="${this.at}"]`))?.focus({ preventScroll: true });
	}

	// Rows that open by themselves, from the root on.
	hotPath() {
		const path = [0];
		for (let i = this.hottest(0); i > 0; i = this.hottest(i)) path.push(i);
		return path;
	}

	hottest(i) {
		let best = -1;
		for (const child of this.tree.children(i)) if (best < 0 || this.tree.total(child) > this.tree.total(best)) best = child;
		return best > 0 && this.tree.total(best) >= HOT_PATH_SHARE * this.tree.total(i) ? best : -1;
	}

	sorted(i) {
		const { tree } = this;
		return Array.from(tree.children(i)).sort((a, b) => tree.total(b) - tree.total(a) || a - b);
	}

	// What is open, from the top down: nodes, and -1 - node where more children of it are.
	rows() {
		const rows = [], pending = [0];
		while (pending.length) {
			const i = pending.pop();
			rows.push(i);
			if (i < 0 || !this.open.has(i)) continue;
			const children = this.sorted(i), most = this.open.get(i);
			if (children.length > most) pending.push(-1 - i);
			for (const child of children.slice(0, most).reverse()) pending.push(child);
		}
		return rows;
	}

	show() {
		const table = document.createElement('table'), body = document.createElement('tbody');
		table.setAttribute('role', 'treegrid');
		table.setAttribute('aria-label', 'Tree of stacks');
		table.append(this.head());
		for (const i of this.rows()) body.append(i < 0 ? this.moreRow(-1 - i) : this.row(i));
		table.append(body);
		this.element.replaceChildren(table);
	}

	head() {
		const head = document.createElement('thead'), row = head.insertRow();
		for (const [label, isNumber] of [['Total', true], ['Self', true], ['Function', false]]) {
			const cell = document.createElement('th');
			cell.scope = 'col';
			cell.className = isNumber ? 'number' : '';
			cell.textContent = isNumber ? amountHeading(this.profile.facts, label) : label;
			row.append(cell);
		}
		return head;
	}

	row(i) {
		const row = document.createElement('tr'), { tree, profile } = this, hasChildren = tree.hasChildren(i);
		for (const ticks of [tree.total(i), tree.self(i)]) fillAmountCell(row.insertCell(), profile.facts, ticks, tree.whole);
		const cell = row.insertCell(), sign = document.createElement('span'), name = document.createElement('span');
		cell.className = 'mono cut';
		cell.style.paddingInlineStart = Math.min(tree.depth[i], 60) * .8 + .6 + 'rem';
		sign.className = 'sign';
		row.classList.toggle('match', Boolean(i && this.search.hits?.[tree.frame[i]]));
		row.classList.toggle('current', i === this.current);
		sign.textContent = !hasChildren ? '' : this.open.has(i) ? '▾' : '▸';
		name.textContent = name.title = profile.nameOf(tree.frame[i]);
		cell.append(sign, name);
		row.setAttribute('aria-level', tree.depth[i] + 1);
		if (hasChildren) row.setAttribute('aria-expanded', this.open.has(i));
		row.tabIndex = i === this.at ? 0 : -1;
		row.dataset.node = i;
		row.addEventListener('click', () => this.toggle(i));
		row.addEventListener('focus', () => this.mark(i));
		return row;
	}

	moreRow(i) {
		const row = document.createElement('tr'), cell = row.insertCell(), button = document.createElement('button');
		cell.colSpan = 3;
		button.type = 'button';
		button.className = 'more';
		button.dataset.moreOf = i;
		button.textContent = `${groupDigits(this.sorted(i).length - this.open.get(i))} more of ${this.profile.nameOf(this.tree.frame[i])}`;
		button.addEventListener('click', () => {
			this.open.set(i, this.open.get(i) + 10 * TREE_STEP);
			this.refocus(i);
		});
		cell.append(button);
		return row;
	}

	mark(i) {
		this.at = i;
		for (const row of this.element.querySelectorAll('tr[tabindex="0"]')) row.tabIndex = -1;
		this.element.querySelector(`tr[data-node="${i}"]`).tabIndex = 0;
		this.on.describe(i);
	}

	refocus(i) {
		this.at = i;
		this.show();
		this.element.querySelector(`tr[data-node="${i}"]`)?.focus();
	}

	// All that a row lies in opens.
	openUpTo(i) {
		const { tree, open } = this;
		for (let child = i; child > 0; child = tree.parent[child]) {
			const above = tree.parent[child], place = this.sorted(above).indexOf(child) + 1;
			open.set(above, Math.max(open.get(above) || TREE_STEP, place));
		}
	}

	// A match comes into sight.
	showMatch(i) {
		this.current = this.at = i;
		this.openUpTo(i);
		this.show();
		this.element.querySelector('tr.current')?.scrollIntoView({ block: 'nearest' });
		this.on.describe(i);
	}

	toggle(i) {
		if (this.open.has(i)) this.open.delete(i);
		else if (this.tree.hasChildren(i)) this.open.set(i, TREE_STEP);
		this.refocus(i);
	}

	onKey(event) {
		const row = event.target.closest('tr[data-node]');
		if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
		const i = +row.dataset.node, isOpen = this.open.has(i), rows = [...this.element.querySelectorAll('tr[data-node]')];
		const go = to => to?.focus(), place = rows.indexOf(row);
		const moves = {
			ArrowDown: () => go(rows[place + 1]),
			ArrowUp: () => go(rows[place - 1]),
			Home: () => go(rows[0]),
			End: () => go(rows.at(-1)),
			ArrowRight: () => isOpen ? go(rows[place + 1]) : this.toggle(i),
			ArrowLeft: () => isOpen ? this.toggle(i) : i && this.refocus(this.tree.parent[i]),
			' ': () => this.toggle(i),
			Enter: () => this.on.choose(i),
		};
		if (!Object.hasOwn(moves, event.key)) return;
		moves[event.key]();
		event.preventDefault();
		event.stopPropagation();
	}
}
