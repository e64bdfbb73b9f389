// SPDX-License-Identifier: Apache-2.0
//
// What is counted, and moments, as the page says them.
export { groupDigits, shareText, durationText, bytesText, secondsText, stepText, decimalsOf, countText, amountText, fillAmountCell, amountHeading };

import { groupDigits, shareText, durationText, bytesText } from './readable_numbers.js';

// As many as tell apart two seconds that are so far from each other.
function decimalsOf(step) {
	return [0, 1, 2].find(decimals => Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) < 1e-6 && step * 10 ** decimals > .5) ?? 3;
}

// A moment, in seconds: "12.40 s", "20:40"
function secondsText(seconds, step) {
	const round = Math.round(seconds), two = number => String(number).padStart(2, '0');
	if (step < 1 || seconds < 60) return seconds.toFixed(decimalsOf(step)) + ' s';
	return (round < 3600 ? '' : Math.floor(round / 3600) + ':') + (round < 3600 ? Math.floor(round / 60) : two(Math.floor(round / 60) % 60)) + ':' + two(round % 60);
}

// "20 µs", "20 ms", "5 s", "2 min"
function stepText(seconds) {
	if (seconds < .001) return Math.round(seconds * 1e6) + ' µs';
	if (seconds < 1) return Math.round(seconds * 1000) + ' ms';
	return seconds < 60 ? +seconds.toFixed(3) + ' s' : durationText(seconds);
}

// "1,234 samples"
function countText(facts, ticks) {
	const number = Math.round(ticks * (+facts.factor || 1)), word = facts.countname || 'samples';
	return groupDigits(number) + ' ' + (number === 1 && word === 'samples' ? 'sample' : word);
}

// Time or memory where that is what is counted, the time where counts stand for it, else the count.
function amountText(facts, ticks) {
	const rate = +facts.per_second || 0, scaled = facts.is_amount ? ticks * (+facts.factor || 1) : ticks;
	if (rate) return durationText(scaled / rate);
	return facts.is_amount ? bytesText(scaled * facts.bytes) : countText(facts, ticks);
}

// A table's cell: what amountText says without the word, which the column's heading has, and the share.
function fillAmountCell(cell, facts, ticks, whole) {
	const share = document.createElement('span');
	cell.className = 'number';
	share.className = 'share';
	share.textContent = shareText(ticks, whole);
	cell.append(+facts.per_second || facts.is_amount ? amountText(facts, ticks) : groupDigits(Math.round(ticks * (+facts.factor || 1))), share);
}

function amountHeading(facts, word) {
	return +facts.per_second ? word : `${word} (${facts.countname || 'samples'})`;
}
