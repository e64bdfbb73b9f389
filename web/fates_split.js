// SPDX-License-Identifier: Apache-2.0
//
// What became of the ticks, always in sight: complete, truncated, lost. The reasons show on hover and focus.
export { SEEN_FATES, fateWords, showFates };

import { amountText, groupDigits, shareText } from './plain_numbers.js';

const SEEN_FATES = ['complete', 'truncated', 'lost'];
const FATE_WORDS = {
	complete: 'the stack’s root was proven',
	truncated: 'the stack ends early',
	lost: 'no stack: counted, not drawn',
};

const countOf = (facts, ticks) => facts.is_amount ? amountText(facts, ticks) : groupDigits(ticks);

function fateRow(facts, fate, text, ticks, due) {
	const row = document.createElement('tr');
	const swatch = document.createElement('i'), name = document.createElement('td');
	swatch.className = fate;
	name.append(swatch, text);
	const cells = [shareText(ticks, due, 2), countOf(facts, ticks)].map(value => {
		const cell = document.createElement('td');
		cell.className = 'number';
		cell.textContent = value;
		return cell;
	});
	row.append(name, ...cells);
	return row;
}

// "complete 99.10 %", "truncated: no root 0.70 %"
function fateWords(fates) {
	const words = [`complete ${shareText(fates.complete, fates.due, 2)}`];
	for (const { fate, text, ticks } of fates.reasons) words.push(`${fate}: ${text.replaceAll('_', ' ')} ${shareText(ticks, fates.due, 2)}`);
	return words;
}

// `all`: of the whole profile. `untimed`: so many lost ticks have no time, so that no span of it has them.
function showReasons({ facts, fates, all, untimed }, into) {
	const table = document.createElement('table'), explained = document.createElement('p');
	for (const fate of SEEN_FATES) {
		const reasons = fates.reasons.filter(reason => reason.fate === fate).sort((a, b) => b.ticks - a.ticks);
		if (!reasons.length) table.append(fateRow(facts, fate, fate, fates[fate], fates.due));
		for (const reason of reasons)
			table.append(fateRow(facts, fate, `${fate}: ${reason.text.replaceAll('_', ' ')}`, reason.ticks, fates.due));
	}
	explained.textContent = SEEN_FATES.map(fate => `${fate}: ${FATE_WORDS[fate]}`).join('; ') + '.' +
		(fates === all ? '' : ` This is of what is drawn; of all ${shareText(all.complete, all.due, 2)} are complete.`) +
		(untimed ? ` Of ${countOf(facts, untimed)} lost the time is not known: they are in no span of time.` : '');
	into.replaceChildren(table, explained);
}

function showFates(what, { split, text, reasons }) {
	const share = document.createElement('b'), { fates } = what;
	split.hidden = !fates.isKnown || !fates.due;
	if (split.hidden) {
		text.textContent = fates.due ? 'not a recording of hearth’s' : 'no samples';
		reasons.textContent = fates.due ?
			'Whoever made this profile did not say which stacks are whole and what was lost.' : 'Nothing was sampled.';
		return;
	}
	split.replaceChildren(...SEEN_FATES.filter(fate => fates[fate]).map(fate => {
		const part = document.createElement('i');
		part.className = fate;
		part.style.width = fates[fate] / fates.due * 100 + '%';
		return part;
	}));
	share.textContent = shareText(fates.complete, fates.due, 2);
	text.replaceChildren(share, ' complete');
	showReasons(what, reasons);
}
