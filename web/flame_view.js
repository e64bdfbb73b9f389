// SPDX-License-Identifier: Apache-2.0
//
// The graph and what one does with it: zoom, move, point, focus. It draws at most once a frame of the screen, and only when
// something changed.
export { FlameView };

import { FlameCanvas } from './flame_canvas.js';
import { TreeTwin } from './tree_twin.js';
import { groupDigits } from './plain_numbers.js';
import { frameWords } from './frame_words.js';
import { followPath, pathOf } from './view_address.js';

const EASE_MS = 120;
const DRAG_PIXELS = 4; // less is a click

class FlameView {
	// `on`: { describe(node), zoomed(isNew), menu(node, x, y), choose(node) }: told when what is shown changes, when the right button is
	// pressed, and in place of a zoom when a frame is chosen (these two may be missing)
	constructor({ graph, stage, sheet, frames, marks, twin }, profile, theme, search, on) {
		Object.assign(this, { graph, stage, sheet, twinElement: twin, profile, search, on });
		this.canvas = new FlameCanvas(frames, marks, profile, theme);
		this.canvas.search = search;
		this.twin = new TreeTwin(twin, i => frameWords(profile, this.tree, i, this.zoomed), i => this.takeFocus(i));
		this.zoomed = 0;
		this.isAtEnd = true;
		this.pointed = this.focused = -1;
		this.last = 0; // where the keys start from
		this.current = -1;
		this.trail = [];
		this.fingers = new Map();
		this.pointer = null; // the last event of a mouse that is over it
		this.isStill = matchMedia('(prefers-reduced-motion: reduce)');
		this.more = this.moreButton();
		this.listen();
	}

	setTree(tree) {
		this.tree = tree;
		this.canvas.setTree(tree);
		this.zoomed = this.last = 0;
		this.pointed = this.focused = this.current = -1;
		this.trail = [];
		this.setSpan(0, tree.whole || 1);
		this.twin.setTree(tree);
	}

	// --- drawing -------------------------------------------------------------------------------

	layOut() {
		if (!this.graph.clientWidth) return; // it is not shown
		const { canvas, isAtEnd } = this;
		canvas.measureText();
		this.stage.style.height = canvas.wholeHeight + 'px';
		this.sheet.style.height = Math.min(canvas.wholeHeight, this.graph.clientHeight) + 'px';
		canvas.resize(this.graph.clientWidth, Math.min(canvas.wholeHeight, this.graph.clientHeight));
		this.graph.classList.toggle('icicle', canvas.isInverted);
		if (isAtEnd && !canvas.isInverted) this.graph.scrollTop = this.graph.scrollHeight;
		this.noteScroll();
	}

	setColours() {
		this.canvas.setColours();
		if (!this.tree) return;
		this.redraw();
	}

	setInverted(isInverted) {
		this.canvas.isInverted = isInverted;
		this.graph.classList.toggle('icicle', isInverted);
		this.graph.scrollTop = isInverted ? 0 : this.graph.scrollHeight;
		this.noteScroll();
	}

	// The one place that asks where the graph is scrolled to: asking makes the browser lay the page out.
	noteScroll() {
		this.canvas.scrolled = this.graph.scrollTop;
		this.isAtEnd = this.graph.scrollTop + this.graph.clientHeight >= this.graph.scrollHeight - 2; // the root is in sight, and stays so in another size
		this.tellMore();
		this.redraw();
	}

	// What is out of sight on the side of the leaves: for who sees the graph, the keys get there without it.
	moreButton() {
		const more = document.createElement('button');
		more.type = 'button';
		more.className = 'rows-more';
		more.hidden = true;
		more.setAttribute('aria-hidden', 'true');
		more.tabIndex = -1;
		for (const type of ['pointerdown', 'pointermove', 'pointerup']) more.addEventListener(type, event => event.stopPropagation());
		more.addEventListener('click', () => {
			this.graph.scrollTop += (this.canvas.isInverted ? 1 : -1) * (this.canvas.height - 2 * this.canvas.row);
			this.noteScroll();
		});
		this.sheet.append(more);
		return more;
	}

	tellMore() {
		const { canvas, more } = this, left = canvas.isInverted ? canvas.wholeHeight - canvas.height - canvas.scrolled : canvas.scrolled;
		const rows = Math.round(left / canvas.row);
		more.hidden = rows < 1;
		more.textContent = `${canvas.isInverted ? '▼' : '▲'} ${groupDigits(rows)} more ${rows === 1 ? 'row' : 'rows'}`;
		more.classList.toggle('below', canvas.isInverted);
	}

	// Where the graph was put by a script, it is drawn already.
	onScroll() {
		if (this.graph.scrollTop !== this.canvas.scrolled) this.noteScroll();
	}

	// A canvas of another size is empty, and what is scheduled comes too late for this picture of the page.
	onResize() {
		const { canvas } = this.canvas, { width, height } = canvas;
		this.layOut();
		if (canvas.width === width && canvas.height === height) return;
		cancelAnimationFrame(this.scheduled);
		this.drawFrame(performance.now());
	}

	redraw() {
		this.stale = true;
		this.schedule();
	}

	remark() {
		this.schedule();
	}

	schedule() {
		this.scheduled ??= requestAnimationFrame(now => this.drawFrame(now));
	}

	drawFrame(now) {
		this.scheduled = null;
		if (this.motion) this.move(now);
		if (this.stale) this.canvas.draw();
		this.stale = false;
		this.canvas.drawMarks(this);
		if (this.motion) this.redraw();
	}

	get same() {
		const frame = this.pointed > 0 ? this.tree.frame[this.pointed] : -1;
		return this.tree.nodesOf(frame);
	}

	// --- zoom ----------------------------------------------------------------------------------

	setSpan(left, span) {
		this.canvas.left = left;
		this.canvas.span = span;
		this.canvas.dimBelow = this.tree.depth[this.zoomed];
	}

	goTo(left, span) {
		const from = { left: this.canvas.left, span: this.canvas.span };
		this.motion = null;
		if (this.isStill.matches || document.hidden) this.setSpan(left, span);
		else this.motion = { from, to: { left, span }, start: performance.now() };
		this.redraw();
	}

	// The edges move, so that what one zooms to grows out of its place.
	move(now) {
		const { from, to, start } = this.motion, part = Math.min(1, Math.max(0, (now - start) / EASE_MS));
		const ease = 1 - (1 - part) ** 3, mix = (a, b) => a + (b - a) * ease;
		const left = mix(from.left, to.left), right = mix(from.left + from.span, to.left + to.span);
		if (part < 1) return this.setSpan(left, right - left);
		this.setSpan(to.left, to.span);
		this.motion = null;
	}

	// Shows a node over the whole width, without a place in the history.
	show(i) {
		this.zoomed = i;
		this.trail = this.trail.filter(at => at < i && this.tree.isWithin(i, at));
		if (this.tree.whole) this.goTo(this.tree.start(i), this.tree.total(i));
		this.on.describe(this.pointed >= 0 ? this.pointed : this.focused);
	}

	// What is shown, by names of functions: it can be found in another tree. (view_address.js)
	get place() {
		const { tree, zoomed, focused, canvas: { left, span } } = this, whole = tree.total(zoomed) || 1;
		return { zoomed: pathOf(this.profile, tree, zoomed), focused: focused < 0 ? '' : pathOf(this.profile, tree, focused), hasFocus: focused >= 0,
			left: (left - tree.start(zoomed)) / whole, span: span / whole };
	}

	// At once, and without a place in the history.
	restorePlace({ zoomed, focused, hasFocus, left, span }) {
		const { tree, profile, pointer } = this;
		this.zoomed = followPath(profile, tree, zoomed).node;
		this.motion = null;
		this.setSpan(tree.start(this.zoomed) + left * tree.total(this.zoomed), span * tree.total(this.zoomed) || 1);
		if (hasFocus) this.twin.focus(followPath(profile, tree, focused).node);
		this.layOut();
		if (pointer) this.point(this.at(pointer));
		this.redraw();
	}

	zoom(i) {
		if (i === this.zoomed && this.canvas.span === this.tree.total(i)) return;
		if (i !== this.zoomed) this.trail.push(this.zoomed);
		this.show(i);
		this.reveal(i);
		this.on.zoomed(true);
	}

	zoomOut() {
		const whole = this.tree.total(this.zoomed);
		if (this.canvas.span < whole) this.zoom(this.zoomed);
		else this.zoom(this.trail.length ? this.trail[this.trail.length - 1] : 0);
	}

	// Any span: the node that is shown is then the deepest one that has all of it.
	showSpan(left, span) {
		const { tree } = this;
		span = Math.min(tree.whole, Math.max(span, Math.min(tree.whole, 1e-3)));
		left = Math.min(Math.max(0, left), tree.whole - span);
		let node = 0;
		for (let d = 1; d <= tree.deepest; d++) {
			const next = tree.nodeAt(d, left + span / 2);
			if (next < 0 || tree.start(next) > left || tree.stop(next) < left + span) break;
			node = next;
		}
		const isOther = node !== this.zoomed;
		this.motion = null;
		this.zoomed = node;
		this.setSpan(left, span);
		this.redraw();
		if (isOther) this.on.zoomed(false);
	}

	zoomAt(x, factor) {
		const { left, span, width } = this.canvas, part = Math.min(1, Math.max(0, (x - 6) / (width - 12)));
		const next = Math.min(this.tree.whole, span * factor);
		this.showSpan(left + (span - next) * part, next);
	}

	panBy(pixels) {
		this.showSpan(this.canvas.left - pixels / this.canvas.scale, this.canvas.span);
	}

	// Scrolls a node's row into sight.
	reveal(i) {
		const { canvas, graph, tree } = this, top = canvas.top(tree.depth[i]), bottom = top + canvas.row;
		const margin = tree.depth[i] && tree.depth[i] < tree.deepest ? canvas.row : 0;
		if (top < margin) graph.scrollTop = canvas.scrolled + top - canvas.row;
		else if (bottom > canvas.height - margin) graph.scrollTop = canvas.scrolled + bottom + canvas.row - canvas.height;
		else return;
		this.noteScroll();
	}

	// --- pointing ------------------------------------------------------------------------------

	point(i) {
		if (i === this.pointed) return;
		this.pointed = i;
		this.graph.classList.toggle('over-frame', i >= 0);
		this.on.describe(i >= 0 ? i : this.focused);
		this.remark();
	}

	leave() {
		this.pointer = null;
		this.point(-1);
	}

	at(event) {
		const box = this.sheet.getBoundingClientRect();
		return this.canvas.nodeAt(event.clientX - box.left, event.clientY - box.top);
	}

	listen() {
		const { sheet, graph } = this;
		sheet.addEventListener('pointerdown', event => this.press(event));
		sheet.addEventListener('pointermove', event => this.drag(event));
		sheet.addEventListener('pointerup', event => this.release(event));
		sheet.addEventListener('pointercancel', event => this.fingers.delete(event.pointerId));
		sheet.addEventListener('pointerleave', event => event.pointerType === 'mouse' && this.leave());
		sheet.addEventListener('contextmenu', event => this.openMenu(event));
		graph.addEventListener('scroll', () => this.onScroll(), { passive: true });
		graph.addEventListener('wheel', event => this.wheel(event), { passive: false });
		new ResizeObserver(() => this.tree && this.onResize()).observe(graph);
	}

	wheel(event) {
		if (!event.ctrlKey && !event.metaKey) return;
		event.preventDefault();
		this.zoomAt(event.clientX - this.sheet.getBoundingClientRect().left, Math.exp(event.deltaY * .01));
	}

	press(event) {
		if (event.button) return;
		this.fingers.set(event.pointerId, { x: event.clientX, startX: event.clientX, startY: event.clientY, moved: false });
	}

	drag(event) {
		const finger = this.fingers.get(event.pointerId);
		if (!finger) {
			if (event.pointerType === 'mouse') this.point(this.at(this.pointer = event));
			return;
		}
		const before = finger.x;
		if (Math.hypot(event.clientX - finger.startX, event.clientY - finger.startY) > DRAG_PIXELS) finger.moved = true;
		if (this.fingers.size > 1) {
			this.pinch(finger, event.clientX);
		} else if (finger.moved) {
			if (!this.sheet.hasPointerCapture(event.pointerId)) this.sheet.setPointerCapture(event.pointerId);
			this.panBy(event.clientX - before);
		}
		finger.x = event.clientX;
	}

	pinch(finger, x) {
		const other = [...this.fingers.values()].find(each => each !== finger);
		const before = Math.abs(finger.x - other.x), now = Math.abs(x - other.x);
		finger.moved = other.moved = true;
		if (before < 8 || now < 8) return;
		this.zoomAt((x + other.x) / 2 - this.sheet.getBoundingClientRect().left, before / now);
	}

	release(event) {
		const finger = this.fingers.get(event.pointerId);
		this.fingers.delete(event.pointerId);
		if (!finger || finger.moved) return;
		const i = this.at(event);
		if (i < 0) return;
		this.focus(i);
		this.choose(i);
	}

	choose(i) {
		if (this.on.choose) this.on.choose(i);
		else this.zoom(i);
	}

	openMenu(event) {
		const i = this.at(event);
		if (i < 0 || !this.on.menu) return;
		event.preventDefault();
		this.focus(i);
		this.on.menu(i, event.clientX, event.clientY);
	}

	// --- focus ---------------------------------------------------------------------------------

	takeFocus(i) {
		this.focused = i;
		if (i >= 0) this.last = i;
		this.on.describe(this.pointed >= 0 ? this.pointed : i);
		this.remark();
	}

	focus(i) {
		this.twin.focus(i);
		this.reveal(i);
	}

	isShown(i) {
		return this.canvas.extent(i) !== null || (this.motion && this.tree.isWithin(i, this.zoomed));
	}

	// Where the keys start from.
	get home() {
		return this.isShown(this.last) ? this.last : this.zoomed;
	}

	widestChild(i) {
		let best = i;
		for (const child of this.tree.children(i))
			if (this.isShown(child) && (best === i || this.tree.total(child) > this.tree.total(best))) best = child;
		return best;
	}

	// The next node of the row that can be seen.
	neighbour(i, by) {
		const { tree } = this, { nodes, ends } = tree.rows[tree.depth[i]];
		let k = tree.firstEndingAfter(ends, 0, nodes.length, tree.start(i));
		for (k += by; k >= 0 && k < nodes.length; k += by) {
			const at = this.canvas.extent(nodes[k]);
			if (!at) break;
			if (at.width >= 1) return nodes[k];
		}
		return i;
	}

	edgeOfRow(i, by) {
		for (let next = this.neighbour(i, by); next !== i; next = this.neighbour(i, by)) i = next;
		return i;
	}

	// Where a key leads from a node; -1: it is no such key.
	follow(key, i) {
		const inwards = () => this.widestChild(i), outwards = () => Math.max(0, this.tree.parent[i]);
		const moves = {
			ArrowUp: this.canvas.isInverted ? outwards : inwards,
			ArrowDown: this.canvas.isInverted ? inwards : outwards,
			ArrowLeft: () => this.neighbour(i, -1),
			ArrowRight: () => this.neighbour(i, 1),
			Home: () => this.edgeOfRow(i, -1),
			End: () => this.edgeOfRow(i, 1),
		};
		return Object.hasOwn(moves, key) ? moves[key]() : -1;
	}

	// The next or previous match comes into sight.
	showMatch(i) {
		this.current = i;
		if (i < 0) return this.remark();
		if (!this.tree.isWithin(i, this.zoomed)) this.zoom(0);
		if (this.tree.total(i) / this.tree.total(this.zoomed) * this.canvas.width < 1) this.zoom(i);
		this.reveal(i);
		this.last = i; // keys go on from there
		this.on.describe(i);
		this.remark();
	}
}
