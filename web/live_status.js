// SPDX-License-Identifier: Apache-2.0
//
// How the recorder is: whether it answers, what it costs, how much it keeps. Always in sight.
export { costText, fillCost, fillLive };

import { bytesText, durationText } from './plain_numbers.js';
import { momentText } from './live_times.js';

// "0.11 %"; what is not nothing never reads so.
function percentText(percent) {
	return percent > 0 && percent < .005 ? '<0.01 %' : `${percent.toFixed(2)} %`;
}

// What is wrong comes first.
function costText({ cost, store, not_ready: notReady, rate_hz: rate, rate_wanted_hz: wanted }) {
	const wrong = notReady ? 'not recording' : store.error ? 'not stored' : rate < wanted ? `${rate} Hz` : store.damaged ? 'store damaged' : '';
	return `${wrong ? wrong + ' · ' : ''}hearth ${percentText(cost.cpu_percent)} of a CPU`;
}

function costRow(name, value) {
	const row = document.createElement('tr');
	for (const text of [name, value]) row.insertCell().textContent = text;
	row.lastChild.className = 'number';
	return row;
}

// `status`: of /api/v1/status
function fillCost(button, told, status) {
	const { cost, budget, store, rate_hz: rate, rate_wanted_hz: wanted, window_ms: windowMs, now_ms: now, not_ready: notReady } = status, table = document.createElement('table'), words = document.createElement('p');
	const limit = (value, most) => most ? `${value} of ${most}` : value;
	table.append(
		costRow('CPU, of one', limit(percentText(cost.cpu_percent), budget?.cpu_percent ? percentText(budget.cpu_percent) : '')),
		costRow('of it in the kernel', percentText(cost.bpf_percent)),
		costRow('memory', limit(bytesText(cost.memory_bytes), budget?.memory_bytes ? bytesText(budget.memory_bytes) : '')),
		costRow('rate', rate === wanted ? `${rate} Hz` : `${rate} Hz of ${wanted} Hz`),
		costRow('kept', bytesText(store.bytes)),
		...store.damaged ? [costRow('damaged', store.damaged === 1 ? '1 part' : `${store.damaged} parts`)] : [],
		costRow('since', store.oldest_ms ? momentText(store.oldest_ms, now) : '–'),
	);
	words.textContent = notReady ? `Nothing is recorded: ${notReady}` : store.error ? `The store: ${store.error}` : rate < wanted ? 'To stay under its budget hearth takes fewer samples, and each counts for more.' :
		store.damaged ? 'Parts of the store are damaged, and what is shown may lack them: hearth store verify tells which.' :
		`Measured over the last minute. A window is ${durationText(windowMs / 1000)}.`;
	button.textContent = costText(status);
	button.classList.toggle('bad', Boolean(notReady || store.error || store.damaged) || rate < wanted);
	told.replaceChildren(table, words);
}

// `gone`: since when it does not answer, or 0.
function fillLive(button, isLive, gone, now) {
	const word = gone ? 'no answer' : isLive ? 'live' : 'paused';
	button.setAttribute('aria-pressed', isLive);
	button.dataset.state = gone ? 'gone' : isLive ? 'live' : 'paused';
	button.querySelector('span').textContent = word;
	button.title = gone ? `hearth has not answered since ${momentText(gone, now)}; it is asked again by itself` : isLive ? 'follows what is recorded (l)' : 'stands still; click to follow (l)';
}
