// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them: the same as render/readable.c. What is not nothing never reads "0.0 %", and what is not all
// never "100.0 %".
export { groupDigits, shareText, durationText, bytesText };

const UNITS = 'KMGTPEZY'; // each 1,024 of the one before; of the last one there may be more

function groupDigits(number) {
	return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

function shareText(part, whole, decimals = 1) {
	const unit = 10 ** decimals;
	let units = whole ? Math.round(part * 100 * unit / whole) : 0;
	if (part && !units) return '<' + (1 / unit).toFixed(decimals) + ' %';
	if (part < whole && units >= 100 * unit) units = 100 * unit - 1;
	return (units / unit).toFixed(decimals) + ' %';
}

function durationText(seconds) {
	const round = Math.round(seconds), two = number => String(number).padStart(2, '0');
	if (!seconds) return '0 s';
	if (seconds < .9995e-6) return Math.round(seconds * 1e9) + ' ns';
	if (seconds < .99995e-3) return (seconds * 1e6).toFixed(1) + ' µs';
	if (seconds < .99995) return (seconds * 1000).toFixed(1) + ' ms';
	if (seconds < 59.995) return seconds.toFixed(2) + ' s';
	if (round < 3600) return Math.floor(round / 60) + ' min ' + two(round % 60) + ' s';
	return Math.floor(round / 3600) + ' h ' + two(Math.floor(round / 60) % 60) + ' min';
}

function bytesText(bytes) {
	let value = Math.round(bytes), power = 0;
	if (value < 1024) return value + ' B';
	for (; value >= 1023.95 && power < UNITS.length; power++) value /= 1024;
	return value.toFixed(1) + ' ' + UNITS[power - 1] + 'iB';
}
