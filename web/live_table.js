// SPDX-License-Identifier: Apache-2.0
//
// The functions; of two spans those first that changed most.
export { LiveTable };

import { FunctionTable } from './function_table.js';
import { amountHeading, amountText, groupDigits } from './plain_numbers.js';
import { functionSums } from './tree_shaping.js';
import { isChance } from './live_pair.js';

const PAIR_COLUMNS = [
	{ key: 'selfChange', label: 'Self change', isNumber: true },
	{ key: 'totalChange', label: 'Total change', isNumber: true },
	{ key: 'name', label: 'Function' },
	{ key: 'module', label: 'Module' },
];

class LiveTable extends FunctionTable {
	get pair() {
		return this.profile.pair;
	}

	get columns() {
		return this.pair ? PAIR_COLUMNS : super.columns;
	}

	setTree(tree) {
		super.setTree(tree);
		if (!this.columns.some(({ key }) => key === this.order)) this.order = this.columns[0].key;
	}

	// Of a tree of two: per frame what it has after and before, and as what the table is sorted by, how far these are from each other.
	sumUp() {
		if (!this.pair) return super.sumUp();
		const { tree, profile: { frames: { count } } } = this, { selfAfter, selfBefore } = tree.change;
		const after = functionSums(tree.withTicks(selfAfter), count), before = functionSums(tree.withTicks(selfBefore), count);
		const far = word => after[word].map((ticks, f) => isChance(ticks, before[word][f], this.pair) ? Math.abs(ticks - before[word][f]) * 1e-9 : Math.abs(ticks - before[word][f]));
		return { after, before, self: after.self.map((ticks, f) => ticks + before.self[f]), total: after.total.map((ticks, f) => ticks + before.total[f]), selfChange: far('self'), totalChange: far('total') };
	}

	fillNumbers(row, f) {
		if (!this.pair) return super.fillNumbers(row, f);
		for (const word of ['self', 'total']) this.fillChange(row.insertCell(), this.sums.after[word][f], this.sums.before[word][f]);
	}

	fillChange(cell, after, before) {
		const { facts } = this.profile, text = ticks => +facts.per_second || facts.is_amount ? amountText(facts, ticks) : groupDigits(Math.round(ticks)), from = document.createElement('span');
		const word = isChance(after, before, this.pair) ? 'chance' : after > before ? 'more' : 'less';
		cell.className = `number ${word}`;
		from.className = 'share';
		from.textContent = after || before ? `${text(before)} → ${text(after)}` : '';
		cell.title = word === 'chance' ? 'chance may be the reason' : '';
		cell.append(after === before ? '0' : (after > before ? '+' : '−') + text(Math.abs(after - before)), from);
	}

	head() {
		const head = super.head();
		if (this.pair) head.querySelector('th').title = amountHeading(this.profile.facts, 'own, before and after');
		return head;
	}
}
