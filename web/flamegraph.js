// SPDX-License-Identifier: Apache-2.0
//
// Brings a hearth flame graph to life: it lays the blocks out for the window, zooms, searches, and
// takes keys. It runs inside the SVG that render/svg_writer.c writes, needs nothing from elsewhere,
// and writes text only as text nodes, so that names are never markup.
//
// The build puts what it imports before it and all into a function (Makefile), for a script of an SVG is no module.
//
// Blocks are known by their index in the order of the file, a walk from the root: parents come before
// children, and everything that lies on block i is i + 1 ... end[i] - 1. All widths are in ticks.

import { fitLabel } from './frame_label.js';
import { groupDigits, shareText, durationText, bytesText } from './readable_numbers.js';

const SVG = 'http://www.w3.org/2000/svg', HTML = 'http://www.w3.org/1999/xhtml';
const PAD = 8, LINE = 18, STRIP = 28, GAP = 16, HELP_HIGH = 380;
const svg = document.currentScript.closest('svg');
const part = id => svg.querySelector('#' + id);
const facts = svg.dataset;
const frames = part('frames'), labels = part('labels');
const rects = Array.from(frames.children);
const count = rects.length;
const whole = +facts.whole, row = +facts.row, letter = +facts.letter;
const rate = +facts.rate || 0, factor = +facts.factor || 1;

// --- the blocks ------------------------------------------------------------------------------------

const depth = new Int32Array(count), parent = new Int32Array(count), end = new Int32Array(count);
const start = new Float64Array(count), total = new Float64Array(count);
const hidden = new Float64Array(count), self = new Float64Array(count);
let deepest = 0;

function readCounts() {
	const numbers = part('counts').textContent.split(/\s+/), each = facts.chart ? 4 : 3;
	const path = [], next = []; // per depth: the open block, and where its next child starts
	for (let i = 0; i < count; i++) {
		const [d, ticks, unseen, gap = 0] = numbers.slice(each * i, each * i + each).map(Number);
		depth[i] = d;
		total[i] = ticks;
		hidden[i] = unseen;
		parent[i] = d ? path[d - 1] : -1;
		start[i] = (next[d] || 0) + gap;
		next[d] = start[i] + total[i];
		next[d + 1] = start[i];
		path[d] = i;
		self[i] += total[i] - hidden[i];
		if (d) self[parent[i]] -= total[i];
		deepest = Math.max(deepest, d);
	}
	end.fill(count);
	for (let i = count - 1; i > 0; i--) // what follows with no greater depth ends a block
		for (let at = i - 1; at >= 0 && depth[at] >= depth[i]; at = parent[at]) end[at] = i;
}

// Equal names share one id, so that a search looks at each once.
const names = [], nameOf = new Int32Array(count), placesOf = [];

function readNames() {
	const ids = new Map();
	rects.forEach((rect, i) => {
		const tooltip = rect.firstChild.textContent;
		const name = tooltip.slice(0, tooltip.indexOf('\n'));
		let id = ids.get(name);
		if (id === undefined) {
			ids.set(name, id = names.length);
			names.push(name);
			placesOf.push([]);
		}
		nameOf[i] = id;
		placesOf[id].push(i);
	});
}

const nameAt = i => names[nameOf[i]];
const classOf = rects.map(rect => rect.getAttribute('class'));
const indexOf = new Map(rects.map((rect, i) => [rect, i]));
const isRest = i => classOf[i] === 'o'; // stands for frames that are not drawn

function* children(i) {
	for (let child = i + 1; child < end[i]; child = end[child]) yield child;
}

const isWithin = (i, of) => i >= of && i < end[of];

// --- numbers as text -----------------------------------------------------------------------------

// "1,234 samples"; time and memory as they are.
function amount(ticks) {
	if (facts.amount) return rate ? durationText(ticks * factor / rate) : bytesText(ticks * factor * facts.bytes);
	const number = Math.round(ticks * factor);
	const word = number === 1 && facts.countname === 'samples' ? 'sample' : facts.countname;
	return groupDigits(number) + ' ' + word;
}

// The time that it stands for, its share, and the count.
function numbers(ticks) {
	const texts = [shareText(ticks, whole), amount(ticks)];
	if (facts.amount) return texts.reverse();
	return rate ? [durationText(ticks / rate), ...texts] : texts;
}

// --- drawing the view ------------------------------------------------------------------------------

let zoomed = 0;   // the block that fills the width
let helpBox = null;
let width = 0;    // pixels that the blocks have
let matched = new Uint8Array(count); // which blocks a search found
const shown = new Uint8Array(count).fill(1), dimmed = new Uint8Array(count);
const labelOf = new Map(); // the <text> of a block, where it has one

const rowTop = i => (facts.inverted ? depth[i] : deepest - depth[i]) * row;

function place(i, x, wide, dim) {
	const rect = rects[i];
	if (!shown[i]) rect.removeAttribute('display');
	shown[i] = 1;
	rect.setAttribute('x', x.toFixed(2));
	rect.setAttribute('width', (wide < 1 ? wide : Math.max(1, wide - 1)).toFixed(2));
	if (dimmed[i] !== +dim) rect.classList.toggle('dim', dim);
	dimmed[i] = +dim;
}

function hide(i) {
	if (shown[i]) rects[i].setAttribute('display', 'none');
	shown[i] = 0;
}

function label(i, x, wide, into) {
	const most = Math.floor((wide - 9) / letter);
	const text = most >= 3 ? fitLabel(nameAt(i), most, facts.cutRight) : '';
	if (!text) return;
	const element = document.createElementNS(SVG, 'text');
	element.setAttribute('class', matched[i] ? classOf[i] + ' match' : classOf[i]);
	element.setAttribute('x', (x + 4.5).toFixed(2));
	element.setAttribute('y', (rowTop(i) + +facts.text).toFixed(2));
	element.textContent = text;
	labelOf.set(i, element);
	into.append(element);
}

function drawBlocks() {
	const into = document.createDocumentFragment();
	labelOf.clear();
	const left = zoomed ? start[zoomed] : 0, span = zoomed ? total[zoomed] : whole;
	for (let i = 0; i < count; i++) {
		const isAncestor = i < zoomed && end[i] > zoomed;
		const x = isAncestor ? 0 : (start[i] - left) / span * width;
		const wide = isAncestor ? width : total[i] / span * width;
		if (!isAncestor && (!isWithin(i, zoomed) || wide < .05)) {
			hide(i);
			continue;
		}
		place(i, x, wide, isAncestor);
		label(i, x, wide, into);
	}
	labels.replaceChildren(into);
}

// --- the page around the blocks --------------------------------------------------------------------

function html(tag, properties = {}, ...content) {
	const element = document.createElementNS(HTML, tag);
	for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
	element.append(...content);
	return element;
}

function foreign(content) {
	const element = document.createElementNS(SVG, 'foreignObject');
	element.append(content);
	svg.append(element);
	return element;
}

function box(element, x, y, wide, high) {
	const values = { x, y, width: Math.max(0, wide), height: Math.max(0, high) };
	for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}

const field = html('input', { type: 'text', placeholder: 'Search: text or /regexp/', spellcheck: 'false',
	autocomplete: 'off', autocapitalize: 'off', 'aria-label': 'Search frames: text or /regular expression/' });
const found = html('span', { class: 'found', role: 'status' });
const resetButton = html('button', { type: 'button' }, 'Reset zoom');
const helpButton = html('button', { type: 'button', 'aria-label': 'Keys' }, '?');
const bar = html('div', { class: 'hearth bar', role: 'search' }, found, field, resetButton, helpButton);
const strip = html('div', { class: 'hearth strip' });
const barBox = foreign(bar), stripBox = foreign(strip);

const title = part('title'), titleText = title.textContent;
const graph = part('graph'), panel = svg.querySelector('.panel'), line = svg.querySelector('.line');
const flows = ['fates', 'legend', 'notes'].map(part).filter(Boolean);
const summary = part('strip').textContent;
const places = { barTop: 0, barLeft: 0, barHigh: 0, stripTop: 0, left: 0, wide: 0, page: 0, high: 0 };

// Lays the pieces of a group in lines; gives their height. Long pieces are cut to the line.
function flow(element, left, top, most) {
	let x = 0, y = 0;
	element.setAttribute('transform', `translate(${left} ${top})`);
	for (const piece of element.children) {
		const text = piece.querySelector('text'), tooltip = piece.querySelector('title');
		if (text && text.full === undefined)
			text.full = tooltip ? tooltip.textContent : text.textContent;
		if (text) text.textContent = fitLabel(text.full, Math.floor((Math.min(most, 784) - 14) / 7), true);
		const wide = piece.getBBox().width;
		if (x && x + wide > most) {
			x = 0;
			y += LINE;
		}
		piece.setAttribute('transform', `translate(${x} ${y})`);
		x += wide + GAP;
	}
	return element.children.length ? y + LINE : 0;
}

function layHeader(wide, margin, isNarrow) {
	title.textContent = fitLabel(titleText, Math.floor((isNarrow ? wide - 60 : wide * .4) / 9), true);
	part('mark').setAttribute('transform', `translate(${margin - 14} 0)`);
	title.setAttribute('x', margin + 26);
	const originBottom = 40 + flow(part('origin'), margin, 40, wide - 2 * margin);
	bar.classList.toggle('narrow', isNarrow);
	places.barTop = isNarrow ? originBottom : 6;
	places.barLeft = isNarrow ? 0 : Math.ceil(title.getBBox().width) + margin + 46;
	places.barHigh = isNarrow ? 66 : 40;
	return originBottom + (isNarrow ? 66 : 10);
}

function layPanel(top, wide, margin) {
	const high = rows() * row + 2 * PAD + STRIP, inner = wide - 2 * margin;
	box(panel, margin - .5, top - .5, inner + 1, high + 1);
	line.setAttribute('d', `M${margin} ${top + high - STRIP + .5}h${inner}`);
	graph.setAttribute('transform', `translate(${margin + PAD} ${top + PAD})`);
	for (const text of graph.querySelectorAll('.empty')) text.setAttribute('x', inner / 2 - PAD);
	places.stripTop = top + high - STRIP;
	places.left = margin;
	places.wide = inner;
	return top + high;
}

const rows = () => count ? deepest + 1 : 4;

function layOut() {
	if (!facts.fixed) svg.setAttribute('width', '100%');
	const wide = Math.max(280, Math.floor(svg.getBoundingClientRect().width));
	const isNarrow = wide < 760, margin = isNarrow ? 6 : 14;
	let bottom = layPanel(layHeader(wide, margin, isNarrow), wide, margin) + 8;
	for (const element of flows) bottom += flow(element, margin, bottom, wide - 2 * margin);
	svg.removeAttribute('viewBox');
	places.high = bottom + margin;
	places.page = wide;
	width = wide - 2 * (margin + PAD);
	drawBlocks();
	setHeight();
	pin();
}

// Nothing shows outside of the picture: that of a small graph grows for the help.
function setHeight() {
	const helpBottom = helpBox ? +helpBox.getAttribute('y') + HELP_HIGH : 0;
	svg.setAttribute('height', Math.max(places.high, helpBottom));
}

// The search bar and the strip stay in sight while a tall graph scrolls.
function pin() {
	const top = Math.max(0, -svg.getBoundingClientRect().top), bottom = top + window.innerHeight;
	const barPinned = top > places.barTop, stripPinned = places.stripTop + STRIP > bottom;
	bar.classList.toggle('pinned', barPinned);
	strip.classList.toggle('pinned', stripPinned);
	if (barPinned) box(barBox, 0, top, places.page, places.barHigh + 4);
	else box(barBox, places.barLeft, places.barTop, places.page - places.barLeft, places.barHigh);
	if (stripPinned) box(stripBox, 0, bottom - STRIP, places.page, STRIP);
	else box(stripBox, places.left, places.stripTop, places.wide, STRIP);
}

// --- details ---------------------------------------------------------------------------------------

let pointed = -1, same = [];

// Ticks of several blocks of one view, those inside another one not counted again. In file order.
function massOf(list) {
	let mass = 0, past = 0;
	for (const i of list) {
		if (i < past) continue;
		mass += total[i];
		past = end[i];
	}
	return mass;
}

function details(i) {
	const places = isRest(i) ? [i] : placesOf[nameOf[i]];
	const texts = numbers(total[i]);
	if (!isRest(i)) texts.push('self ' + shareText(self[i], whole));
	if (zoomed && isWithin(i, zoomed)) texts.push(shareText(total[i], total[zoomed]) + ' of view');
	if (places.length > 1)
		texts.push(groupDigits(places.length) + ' places: ' + shareText(massOf(places), whole));
	const provenance = rects[i].firstChild.textContent.split('\n')[2];
	if (provenance) texts.push(provenance);
	return texts;
}

let missing = ''; // what of the address is not in this picture

function describe(i) {
	const parts = (i < 0 ? [summary] : details(i)).map(text => html('span', {}, text));
	if (missing && (i < 0 || i === zoomed))
		parts.unshift(html('span', { class: 'bad' }, fitLabel('not in this picture: ' + missing, 80, true)));
	if (i >= 0)
		parts.unshift(html('b', {}, facts.nametype ? facts.nametype + ' ' + nameAt(i) : nameAt(i)));
	strip.replaceChildren(...parts);
}

function point(i) {
	if (i === pointed) return;
	for (const other of same) rects[other].classList.remove('same');
	same = i > 0 && !isRest(i) ? placesOf[nameOf[i]].filter(at => at !== i && shown[at]) : [];
	for (const other of same) rects[other].classList.add('same');
	pointed = i;
	describe(i < 0 ? focused : i);
}

// --- search ----------------------------------------------------------------------------------------

let query = '', matches = [], current = -1;

// Plain text, case ignored unless the query has capitals; between slashes a regular expression.
function tester(text) {
	const expression = /^\/(.+)\/(i?)$/s.exec(text);
	if (expression) {
		const regexp = new RegExp(expression[1], expression[2]);
		return name => regexp.test(name);
	}
	if (text !== text.toLowerCase()) return name => name.includes(text);
	return name => name.toLowerCase().includes(text);
}

// Ticks that no search can look into, outside of what matched anyway.
function unsearched() {
	let mass = 0;
	for (let i = 0; i < count; i++) {
		if (matched[i]) i = end[i] - 1;
		else mass += hidden[i] + (isRest(i) ? total[i] : 0);
	}
	return mass;
}

function tellFound(problem) {
	const unseen = query && unsearched();
	found.classList.toggle('bad', Boolean(problem));
	if (problem || !query) {
		found.textContent = problem || '';
		return;
	}
	found.textContent = (current >= 0 ? groupDigits(current + 1) + ' of ' : '') + groupDigits(matches.length) +
		(matches.length === 1 ? ' match, ' : ' matches, ') + shareText(massOf(matches), whole) + ' of ' +
		facts.countname + (unseen ? ` (${shareText(unseen, whole)} too narrow to search)` : '');
	found.setAttribute('title', found.textContent);
}

// Tints what `now` says; only what differs is touched.
function tint(now) {
	for (let i = 0; i < count; i++) {
		if (matched[i] === now[i]) continue;
		rects[i].classList.toggle('match');
		labelOf.get(i)?.classList.toggle('match');
	}
	matched = now;
}

function search(text) {
	let problem = '', test = () => false;
	query = text;
	mark(-1);
	try {
		if (text) test = tester(text);
	} catch (error) {
		problem = 'not a regular expression';
	}
	const hits = names.map(name => +test(name));
	const now = new Uint8Array(count);
	matches = [];
	for (let i = 1; i < count; i++)
		if (hits[nameOf[i]] && !isRest(i)) {
			now[i] = 1;
			matches.push(i);
		}
	tint(now);
	tellFound(problem);
}

function mark(at) {
	if (current >= 0 && matches[current] !== undefined)
		rects[matches[current]].classList.remove('at');
	current = at;
	if (at >= 0) rects[matches[at]].classList.add('at');
}

function step(by) {
	if (!matches.length) return;
	mark(current < 0 ? (by > 0 ? 0 : matches.length - 1) :
		(current + by + matches.length) % matches.length);
	const i = matches[current];
	if (!shown[i]) zoom(isWithin(i, zoomed) ? i : 0);
	if (!shown[i]) zoom(i); // too narrow to be seen in the whole
	reveal(i);
	describe(i);
	tellFound();
}

// --- zoom and the address --------------------------------------------------------------------------

let trail = []; // blocks that were zoomed on the way here, for one step out

function showZoom(i, notThere = '') {
	zoomed = i;
	missing = notThere;
	trail = trail.filter(at => at < i && end[at] > i);
	resetButton.disabled = !i;
	drawBlocks();
	describe(focused);
}

function zoom(i) {
	if (isRest(i)) i = parent[i];
	if (i === zoomed) return;
	trail.push(zoomed);
	showZoom(i);
	visit(true);
}

function zoomOut() {
	zoom(trail.length ? trail[trail.length - 1] : 0);
}

// A block's name as a piece of an address: short, and told apart from its siblings of the same name.
function shortName(name) {
	if (name.length <= 120) return name;
	let hash = 2166136261;
	for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
	return Array.from(name).slice(0, 80).join('') + '…' + (hash >>> 0).toString(36);
}

function piece(i) {
	let twins = 0;
	for (const other of children(parent[i])) {
		if (other === i) break;
		if (nameOf[other] === nameOf[i]) twins++;
	}
	return encodeURIComponent(shortName(nameAt(i))).replaceAll('~', '%7E') +
		(twins ? '~' + (twins + 1) : '');
}

function address() {
	let path = '';
	for (let i = zoomed; i > 0; i = parent[i]) path = '/' + piece(i) + path;
	return '#' + path + (query ? '?s=' + encodeURIComponent(query) : '');
}

// Puts the view into the address: as a new place in the history, or in place of the present one.
function visit(isNew) {
	const to = address();
	if (to === (location.hash || '#')) return;
	try {
		history[isNew ? 'pushState' : 'replaceState'](null, '', to);
	} catch (error) {
		// A browser may refuse, or ask for fewer calls; the view does not depend on it.
	}
}

function decode(text) {
	try {
		return decodeURIComponent(text);
	} catch (error) {
		return '';
	}
}

// Shows the block that a path leads to, or its nearest ancestor that is in this picture.
function follow(path) {
	const steps = path.split('/').filter(Boolean);
	let at = 0;
	while (steps.length) {
		const next = [...children(at)].find(child => !isRest(child) && piece(child) === steps[0]);
		if (next === undefined) break;
		at = next;
		steps.shift();
	}
	showZoom(at, steps.map(step => decode(step.replace(/~\d+$/, ''))).join('/'));
	if (at) focus(at);
	else reveal(at);
	describe(at || (missing ? -1 : focused)); // a page in the background does not get the focus
}

// Pieces are compared as they are written here, whatever the address left unescaped.
function restore() {
	const [path, rest] = location.hash.slice(1).split(/\?s=(.*)/s);
	const tidy = path.split('/').map(piece => {
		const [, name, twin] = /^(.*?)(~\d+)?$/s.exec(piece);
		return encodeURIComponent(decode(name)).replaceAll('~', '%7E') + (twin || '');
	});
	const text = decode(rest || '');
	if (count) follow(tidy.join('/'));
	if (text !== query) {
		field.value = text;
		search(text);
	}
}

// --- focus and keys --------------------------------------------------------------------------------

let focused = -1, last = -1; // the block that has the focus, and the one that had it last

// Where keys start from.
const home = () => last >= 0 && shown[last] ? last : zoomed;

function reveal(i) {
	const at = rects[i].getBoundingClientRect();
	const top = places.barHigh + 8, bottom = window.innerHeight - STRIP - 8;
	if (at.top < top) window.scrollBy(0, at.top - top);
	else if (at.bottom > bottom) window.scrollBy(0, at.bottom - bottom);
}

// One block at a time can be reached by Tab; it gets its words for a screen reader then.
function take(i) {
	const rect = rects[i];
	for (const old of frames.querySelectorAll('[tabindex]')) old.setAttribute('tabindex', '-1');
	rect.setAttribute('tabindex', '0');
	rect.setAttribute('role', 'treeitem');
	rect.setAttribute('aria-level', depth[i] + 1);
	rect.setAttribute('aria-label', nameAt(i) + ', ' + details(i).join(', '));
	rect.focus({ preventScroll: true });
}

function focus(i) {
	take(i);
	reveal(i);
}

// A button was used: what had the focus before has it again.
function giveBack() {
	if (last >= 0) take(home());
	else document.activeElement?.blur();
}

function widestChild(i) {
	let best = i;
	for (const child of children(i))
		if (shown[child] && (best === i || total[child] > total[best])) best = child;
	return best;
}

function neighbour(i, by) {
	let at = i + by;
	while (at > 0 && at < count && (depth[at] !== depth[i] || !shown[at])) at += by;
	return at > 0 && at < count ? at : i;
}

function edgeOfRow(i, by) {
	let at = i;
	for (let next = neighbour(at, by); next !== at; next = neighbour(at, by)) at = next;
	return at;
}

const up = i => facts.inverted ? Math.max(0, parent[i]) : widestChild(i);
const down = i => facts.inverted ? widestChild(i) : Math.max(0, parent[i]);
const moves = {
	ArrowUp: up,
	ArrowDown: down,
	ArrowLeft: i => neighbour(i, -1),
	ArrowRight: i => neighbour(i, 1),
	Home: i => edgeOfRow(i, -1),
	End: i => edgeOfRow(i, 1),
};

function reset() {
	if (count) zoom(0);
	giveBack();
}

function escape() {
	if (helpBox) closeHelp();
	else if (zoomed) zoomOut();
	else if (query) clear();
}

function clear() {
	field.value = '';
	search('');
	visit(false);
}

const commands = {
	'/': () => { field.focus(); field.select(); },
	'?': () => helpBox ? closeHelp() : openHelp(),
	0: reset,
	Escape: escape,
	n: () => step(1),
	N: () => step(-1),
};

function onKey(event) {
	if ((event.ctrlKey || event.metaKey) && event.key === 'f' && event.target !== field) {
		event.preventDefault();
		commands['/']();
		return;
	}
	if (event.ctrlKey || event.metaKey || event.altKey || event.target === field) return;
	const onBlock = indexOf.get(event.target);
	if ((event.key === 'Enter' || event.key === ' ') && onBlock !== undefined) zoom(onBlock);
	else if (moves[event.key] && count && !helpBox?.contains(event.target))
		focus(onBlock === undefined ? home() : moves[event.key](onBlock));
	else if (Object.hasOwn(commands, event.key)) commands[event.key]();
	else return;
	event.preventDefault();
}

function onFieldKey(event) {
	if (event.isComposing) return;
	if (event.key === 'Enter') {
		step(event.shiftKey ? -1 : 1);
	} else if (event.key === 'Escape') {
		clear();
		if (count) focus(home());
	} else {
		return;
	}
	event.preventDefault();
	event.stopPropagation();
}

// --- help ------------------------------------------------------------------------------------------

const HELP = [
	['click, Enter', 'zoom to a frame'], ['Esc', 'one step out'], ['0', 'all the way out'],
	['arrows', 'to the caller, a callee, a neighbour'], ['Home, End', 'first and last of the row'],
	['/, Ctrl-F', 'search: plain text, or /regular expression/'],
	['Enter, Shift-Enter', 'next and previous match (outside the field: n, N)'],
	['Back', 'the view before; the address holds the view, so it can be sent'], ['?', 'this'],
];

function openHelp() {
	const close = html('button', { type: 'button' }, 'Close');
	const list = html('dl', {}, ...HELP.flatMap(([key, what]) => [html('dt', {}, key), html('dd', {}, what)]));
	helpBox = foreign(html('div', { class: 'hearth help', role: 'dialog', 'aria-label': 'Keys' },
		html('h2', {}, 'Keys'), list, close));
	const top = Math.max(0, -svg.getBoundingClientRect().top);
	box(helpBox, 8, top + 60, places.page - 16, HELP_HIGH);
	setHeight();
	close.addEventListener('click', closeHelp);
	close.focus({ preventScroll: true });
}

function closeHelp() {
	helpBox.remove();
	helpBox = null;
	setHeight();
	giveBack();
}

// --- start -----------------------------------------------------------------------------------------

let typing = 0;

function listen() {
	frames.addEventListener('click', event => {
		const i = indexOf.get(event.target);
		if (i === undefined) return;
		focus(i);
		zoom(i);
	});
	frames.addEventListener('mouseover', event => {
		const i = indexOf.get(event.target);
		if (i !== undefined) point(i);
	});
	frames.addEventListener('mouseleave', () => point(-1));
	// On the document: an SVG element with such listeners would become focusable itself.
	document.addEventListener('focusin', event => {
		focused = indexOf.get(event.target) ?? -1;
		if (focused >= 0) last = focused;
		describe(focused);
	});
	document.addEventListener('focusout', () => describe(focused = -1));
	resetButton.addEventListener('click', reset);
	helpButton.addEventListener('click', commands['?']);
	field.addEventListener('keydown', onFieldKey);
	field.addEventListener('input', () => {
		search(field.value);
		clearTimeout(typing); // browsers take only so many changes of the address
		typing = setTimeout(() => visit(false), 300);
	});
	window.addEventListener('keydown', onKey);
	window.addEventListener('popstate', restore);
	window.addEventListener('hashchange', restore);
	window.addEventListener('scroll', pin, { passive: true });
	window.addEventListener('resize', layOut);
}

readCounts();
readNames();
frames.setAttribute('role', 'tree');
frames.setAttribute('aria-label', 'Flame graph');
part('strip').remove();
resetButton.disabled = true;
if (count) rects[0].setAttribute('tabindex', '0');
layOut();
describe(-1);
listen();
restore();
// Of a tall graph the base, and what the foot says of all of it.
if (!zoomed && !facts.inverted) window.scrollTo(0, places.high);
