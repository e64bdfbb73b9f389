// SPDX-License-Identifier: Apache-2.0
//
// The functions by their own time or their total. A search leaves those that match, and goes from one to the next.
export { FunctionTable };

import { amountHeading, fillAmountCell, groupDigits } from './plain_numbers.js';
import { functionSums } from './tree_shaping.js';

const TABLE_STEP = 200; // rows at a time

const TABLE_COLUMNS = [
	{ key: 'self', label: 'Self', isNumber: true },
	{ key: 'total', label: 'Total', isNumber: true },
	{ key: 'name', label: 'Function' },
	{ key: 'module', label: 'Module' },
];

class FunctionTable {
	// `on.choose(frame)`: a function was picked
	constructor(element, profile, search, on) {
		Object.assign(this, { element, profile, search, on });
		this.order = 'self';
		this.shown = TABLE_STEP;
		this.sums = null;
		this.current = -1; // of the rows, the one that is looked at
	}

	setTree(tree) {
		this.tree = tree;
		this.sums = null;
		this.shown = TABLE_STEP;
		this.current = -1;
	}

	// How far it is unfolded, and what of it has the focus: that can be found in another profile.
	get place() {
		const { activeElement: focused } = document;
		return { shown: this.shown, focused: this.element.contains(focused) ? focused.dataset.at : undefined };
	}

	findPlace({ shown }) {
		this.shown = shown;
	}

	// When it is shown.
	restorePlace({ focused }) {
		if (focused === undefined) return;
		const again = Array.from(this.element.querySelectorAll('[data-at]')).find(({ dataset }) => dataset.at === focused);
		(again || this.element).focus({ preventScroll: true });
	}

	// Functions; of processes those that took something themselves, so that all add up.
	frames() {
		const { profile, sums, order } = this, { hits } = this.search, frames = [];
		for (let f = 0; f < profile.frames.count; f++)
			if (sums.total[f] && (!hits || hits[f]) && (sums.self[f] || profile.kindOf(f) !== 'process')) frames.push(f);
		const texts = { name: profile.nameOf, module: profile.moduleOf };
		const compare = texts[order] ? (a, b) => texts[order](a) < texts[order](b) ? -1 : +(texts[order](a) > texts[order](b)) :
			(a, b) => sums[order][b] - sums[order][a];
		return frames.sort((a, b) => compare(a, b) || sums.total[b] - sums.total[a] || a - b);
	}

	get columns() {
		return TABLE_COLUMNS;
	}

	head() {
		const head = document.createElement('thead'), row = head.insertRow();
		for (const { key, label, isNumber } of this.columns) {
			const cell = document.createElement('th'), button = document.createElement('button');
			cell.scope = 'col';
			cell.className = isNumber ? 'number' : '';
			if (key === this.order) cell.setAttribute('aria-sort', isNumber ? 'descending' : 'ascending');
			button.type = 'button';
			button.textContent = isNumber ? amountHeading(this.profile.facts, label) : label;
			button.dataset.at = `by ${key}`;
			button.addEventListener('click', () => this.sortBy(key));
			cell.append(button);
			row.append(cell);
		}
		return head;
	}

	sortBy(key) {
		this.order = key;
		this.shown = TABLE_STEP;
		this.current = -1;
		this.show();
		this.element.querySelector('[aria-sort] button').focus();
	}

	row(body, f) {
		const row = body.insertRow(), name = document.createElement('button');
		this.fillNumbers(row, f);
		name.type = 'button';
		name.className = 'mono cut';
		name.textContent = this.profile.nameOf(f);
		name.title = `Callers and callees of ${name.textContent}`;
		name.addEventListener('click', () => this.on.choose(f));
		row.insertCell().append(name);
		const kind = this.profile.kindOf(f), module = this.profile.moduleOf(f) || (kind === 'native' ? '' : kind);
		name.dataset.at = `of ${name.textContent} in ${module}`;
		row.insertCell().textContent = module;
	}

	fillNumbers(row, f) {
		for (const sums of [this.sums.self, this.sums.total])
			fillAmountCell(row.insertCell(), this.profile.facts, sums[f], this.tree.whole);
	}

	sumUp() {
		return functionSums(this.tree, this.profile.frames.count);
	}

	show() {
		this.sums ??= this.sumUp();
		const frames = this.frames(), table = document.createElement('table'), body = document.createElement('tbody');
		for (const f of frames.slice(0, this.shown)) this.row(body, f);
		body.rows[this.current]?.classList.add('current');
		this.count = frames.length;
		table.append(this.head(), body);
		this.element.replaceChildren(table);
		if (!frames.length) this.tellNothing();
		if (frames.length > this.shown) this.offerMore(frames.length - this.shown);
	}

	// The next or previous row comes into sight.
	step(by) {
		const { count } = this;
		if (!count) return;
		this.current = this.current < 0 ? by > 0 ? 0 : count - 1 : (this.current + by + count) % count;
		this.shown = Math.max(this.shown, this.current + 1);
		this.show();
		this.element.querySelector('tr.current').scrollIntoView({ block: 'nearest' });
	}

	tellNothing() {
		const nothing = document.createElement('p');
		nothing.className = 'empty';
		nothing.textContent = this.search.hits ? 'No function matches the search.' : 'No samples.';
		this.element.append(nothing);
	}

	offerMore(left) {
		const more = document.createElement('button');
		more.type = 'button';
		more.className = 'more';
		more.dataset.at = 'more';
		more.textContent = `${groupDigits(left)} more`;
		more.addEventListener('click', () => {
			this.shown += 5 * TABLE_STEP;
			this.show();
		});
		this.element.append(more);
	}
}
