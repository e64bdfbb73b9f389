// SPDX-License-Identifier: Apache-2.0
//
// Moments and spans as the live page says them, in the viewer's time zone. Times are milliseconds since 1970; a span is { from, to }.
export { clockText, spanWords, lengthText, readLength, axisTimes, momentText };

import { durationText } from './plain_numbers.js';

const UNIT_MS = { s: 1000, m: 60000, h: 3600000, d: 86400000 };
const AXIS_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000].map(seconds => seconds * 1000);
const DAY_MS = 86400000;

const two = number => String(number).padStart(2, '0');

// "09:41", "09:41:20", "09:41:20.250": as fine as tells two moments apart that are so far from each other.
function clockText(time, step = 1000) {
	const at = new Date(Math.round(time)), ms = at.getMilliseconds();
	const fine = step % 1000 || ms ? '.' + String(ms).padStart(3, '0') : '';
	return `${two(at.getHours())}:${two(at.getMinutes())}` + (step >= 60000 && !at.getSeconds() && !ms ? '' : ':' + two(at.getSeconds()) + fine);
}

const dayText = time => new Date(time).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });

const isSameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

// With the day where it is not that of `now`.
function momentText(time, now, step = 1000) {
	return (isSameDay(time, now) ? '' : dayText(time) + ' ') + clockText(time, step);
}

// "09:41:20 – 09:44:10"
function spanWords({ from, to }, now) {
	return `${momentText(from, now)} – ${isSameDay(from, to) ? clockText(to) : momentText(to, now)}`;
}

// "2 min 50 s"
function lengthText({ from, to }) {
	const seconds = (to - from) / 1000, days = seconds / 86400;
	return days >= 2 ? `${+days.toFixed(1)} days` : durationText(seconds);
}

// "15m", "6h" in milliseconds; 0: it is no length.
function readLength(text) {
	const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text || '') || [];
	return unit ? +number * UNIT_MS[unit] : 0;
}

// Round moments of the viewer's clock in a span, at most so many: [{ time, text }].
function axisTimes({ from, to }, most) {
	const step = AXIS_STEPS.find(each => (to - from) / each <= most) || AXIS_STEPS.at(-1), zone = time => new Date(time).getTimezoneOffset() * 60000, times = [];
	for (let local = Math.ceil((from - zone(from)) / step) * step; times.length <= most; local += step) {
		const time = local + zone(local + zone(from));
		if (time >= to) break;
		times.push({ time, text: step >= DAY_MS || local % DAY_MS === 0 ? dayText(time) : clockText(time, step) });
	}
	return times;
}
