// SPDX-License-Identifier: Apache-2.0
//
// What of a name fits into a width: the same as render/label.c. An argument list gives way first, then
// leading namespaces, then the middle. Widths are columns of a monospace face; ideographs take two.
export { fitLabel };

const NARROW = /[\u0300-\u036f\u064b-\u065f\u200b-\u200d\ufe00-\ufe0f]/u;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ASCII = /^[\x20-\x7e]*$/;
const widthOf = c => c < '\u0300' ? 1 : NARROW.test(c) ? 0 : WIDE.test(c) ? 2 : 1;

function columns(text) {
	if (ASCII.test(text)) return text.length;
	let sum = 0;
	for (const c of text) sum += widthOf(c);
	return sum;
}

function head(text, most) {
	if (ASCII.test(text)) return text.slice(0, most);
	let kept = '';
	for (const c of text) {
		most -= widthOf(c);
		if (most < 0) break;
		kept += c;
	}
	return kept;
}

function tail(text, most) {
	if (ASCII.test(text)) return most ? text.slice(-most) : '';
	const letters = Array.from(text);
	let at = letters.length;
	while (at && (most -= widthOf(letters[at - 1])) >= 0) at--;
	return letters.slice(at).join('');
}

// A name without the argument list at its end and what stands behind it, " const" or " [clone .cold]". No list
// are the two brackets of a call operator, those of "(anonymous namespace)" or of Go's "a.(*T)".
function withoutArguments(text) {
	const close = text.lastIndexOf(')');
	if (close < 0 || !/^( [^:>}]*)?$/.test(text.slice(close + 1))) return text;
	let open = close;
	for (let depth = 1; open && depth;) {
		open--;
		if (text[open] === ')') depth++;
		if (text[open] === '(') depth--;
	}
	const name = text.slice(0, open).replace(/ +$/, '');
	return !name || /([:.]|operator)$/.test(name) ? text : name;
}

// Where the part behind the next namespace starts; 0 where there is none.
function nextPart(text, from) {
	let open = 0;
	for (let i = from; i < text.length; i++) {
		const c = text[i];
		if ('<([{'.includes(c)) open++;
		else if (open && '>)]}'.includes(c)) open--;
		else if (!open && c === '/' && i + 1 < text.length) return i + 1;
		else if (!open && c === ':' && text[i + 1] === ':' && i + 2 < text.length) return i + 2;
	}
	return 0;
}

function cutMiddle(text, most) {
	const end = Math.floor(most * 2 / 5);
	return head(text, most - 1 - end) + '…' + tail(text, end);
}

function fitLabel(text, most, cutRight) {
	if (columns(text) <= most) return text;
	if (most < 3) return '';
	if (cutRight) return head(text, most - 1) + '…';
	text = withoutArguments(text);
	while (columns(text) > most) {
		const at = nextPart(text, 0);
		if (!at) return cutMiddle(text, most);
		text = text.slice(at);
	}
	return text;
}
