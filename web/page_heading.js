// SPDX-License-Identifier: Apache-2.0
//
// What the profile is of: title, command or else the input's name, machine, time and rate.
export { showHeading };

import { amountText, durationText } from './plain_numbers.js';

// In the viewer's time zone; the tooltip has UTC.
function timeSpan(nanoseconds) {
	const time = new Date(nanoseconds / 1e6), span = document.createElement('span');
	span.textContent = time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
	span.title = time.toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
	return span;
}

// Of a profile that tells nothing of where it is from, how much it has; of an amount of time or memory always, for nothing else says of what it is.
function showHeading({ facts }, whole, heading, origin) {
	const texts = [facts.subtitle, facts.left, facts.command, facts.machine], name = facts.command ? '' : facts.input, rate = [facts.rate_hz && facts.rate_hz + ' Hz', facts.event];
	heading.textContent = heading.title = facts.title || 'Flame graph';
	if (facts.time_unix_ns) texts.push(timeSpan(+facts.time_unix_ns));
	if (facts.duration_ns) texts.push(durationText(facts.duration_ns / 1e9));
	texts.push(rate.filter(Boolean).join(' '));
	if (facts.amount || !texts.some(Boolean)) texts.push(facts.amount || amountText(facts, whole));
	if (name) texts.splice(2, 0, name);
	for (const text of texts.filter(Boolean)) {
		const span = document.createElement('span');
		span.append(text);
		origin.append(span);
	}
	origin.title = origin.textContent;
}
