// SPDX-License-Identifier: Apache-2.0
//
// Draws a tree of stacks on a canvas: the rows and the span of ticks that are in view, nothing else. What is narrower than
// a pixel or so is drawn as runs of one kind of code: pixels of a strip of its row, which is stretched over the row's height. The nodes inside of a
// pixel are passed over by a search in their row, so that a drawing costs as much as its pixels and not as the profile's nodes.
//
// Rows of the tree go upwards from the root (a flame graph) or downwards (an icicle graph).
export { FlameCanvas };

import { fitLabel } from './frame_label.js';

const LEAST_BLOCK = 1.6; // pixels; narrower nodes are parts of runs
const LEAST_COVER = .6;  // of a pixel, however narrow what is in it
const SIDE = 6;          // pixels left and right of the blocks
const RUN_SHADE = 5;
const LEAST_CUT = 6;     // letters: less of a name tells nothing

class FlameCanvas {
	constructor(canvas, marks, profile, theme) {
		this.canvas = canvas;
		this.marks = marks;
		this.profile = profile;
		this.theme = theme;
		this.context = canvas.getContext('2d', { alpha: false });
		this.overlay = marks.getContext('2d');
		this.tree = null;
		this.search = null;
		this.isInverted = false;
		this.left = 0; // ticks
		this.span = 1;
		this.dimBelow = 0; // rows nearer to the root are only the way to what is shown
		this.scrolled = 0; // pixels
		this.ratio = window.devicePixelRatio || 1;
		this.colourOf = null; // frame → { ramp, shade } of another choice of colours
		this.colourOfNode = null; // or of a node
		this.coloursProcesses = false; // by that, too
		this.nameOfNode = null; // node → what it is called, where that is not its frame's name
		this.labels = new Map();
		this.strip = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	}

	setTree(tree) {
		this.tree = tree;
		this.nodeStyle = this.nodeGroup = this.colourOfNode = null; // they were of the tree before
	}

	forgetNames() {
		this.labels.clear();
	}

	// Sizes follow the reader's size of text.
	measureText() {
		const { facts } = this.profile, scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
		this.row = Math.round((+facts.row_height || 18) * scale) + 1;
		this.fontSize = (+facts.fontsize || 11.5) * scale;
		this.font = `${this.fontSize}px ${facts.fonttype || 'monospace'}`;
		this.context.font = this.font;
		const letter = this.context.measureText('0123456789').width / 10;
		if (letter !== this.letter) this.forgetNames();
		this.letter = letter;
	}

	// A canvas of another size is a new one, which costs: one of the same stays.
	resize(width, height) {
		const ratio = window.devicePixelRatio || 1, size = { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
		this.width = width;
		this.height = height;
		for (const canvas of [this.canvas, this.marks]) {
			for (const side of ['width', 'height']) if (canvas[side] !== size[side]) canvas[side] = size[side];
			canvas.style.width = width + 'px';
			canvas.style.height = height + 'px';
		}
		if (ratio === this.ratio) return;
		this.ratio = ratio;
		this.setColours();
	}

	get wholeHeight() {
		return (this.tree.deepest + 1) * this.row + 2 * SIDE;
	}

	// Pixels from the top of the canvas; x of a tick without a look at the edges.
	top(d) {
		const inWhole = this.isInverted ? SIDE + d * this.row : this.wholeHeight - SIDE - (d + 1) * this.row;
		return inWhole - this.scrolled;
	}

	get scale() {
		return (this.width - 2 * SIDE) / this.span;
	}

	rowAt(y) {
		const inWhole = y + this.scrolled;
		return Math.floor((this.isInverted ? inWhole - SIDE : this.wholeHeight - SIDE - inWhole) / this.row);
	}

	// The node under a point; of narrow ones that of the nearest pixel. -1: none.
	nodeAt(x, y) {
		const d = this.rowAt(y), inside = x >= SIDE && x <= this.width - SIDE;
		if (!inside) return -1;
		for (const off of [0, -.5, .5, -1, 1]) {
			const tick = this.left + (x + off - SIDE) / this.scale;
			const i = tick < this.left || tick >= this.left + this.span ? -1 : this.tree.nodeAt(d, tick);
			if (i >= 0) return i;
		}
		return -1;
	}

	// x and width in pixels of what is in view of a node; null: nothing.
	extent(i) {
		const { tree, left, span, scale } = this;
		const from = Math.max(tree.start(i), left), to = Math.min(tree.stop(i), left + span);
		return to > from ? { x: SIDE + (from - left) * scale, width: (to - from) * scale } : null;
	}

	// --- colours -------------------------------------------------------------------------------

	pattern(paper, line) {
		const tile = document.createElement('canvas'), size = Math.round(8 * this.ratio);
		tile.width = tile.height = size;
		const draw = tile.getContext('2d');
		draw.fillStyle = this.theme.colour(paper);
		draw.fillRect(0, 0, size, size);
		draw.strokeStyle = this.theme.colour(line);
		draw.lineWidth = size / 4;
		for (const at of [-size, 0, size]) {
			draw.beginPath();
			draw.moveTo(at - 1, size + 1);
			draw.lineTo(at + size + 1, -1);
			draw.stroke();
		}
		const pattern = this.context.createPattern(tile, 'repeat');
		pattern.setTransform(new DOMMatrix([1 / this.ratio, 0, 0, 1 / this.ratio, 0, 0]));
		return pattern;
	}

	// Per frame the index of its style; styles[0] is that of the root. A style has a group: that of its runs.
	setColours() {
		const { frames, ramps, fates } = this.profile, side = this.theme.isDark ? 'dark' : 'light';
		const colour = name => this.theme.colour(name), ink = colour('block-ink');
		this.styles = [
			{ fill: colour('root'), ink, bold: true },
			{ fill: colour('process'), ink, bold: true, edge: colour('process-edge') },
			{ fill: this.pattern('cut-paper', 'cut-line'), ink },
			{ fill: this.pattern('lost-paper', 'lost-line'), ink },
		];
		this.groups = [colour('root'), colour('process-edge'), colour('cut-line'), colour('lost-line')];
		this.solid = fill => fill === this.styles[2].fill ? colour('cut-paper') : fill === this.styles[3].fill ? colour('lost-paper') : fill;
		for (const ramp of ramps) {
			this.groups.push(ramp.shades[RUN_SHADE][side].fill);
			for (const shade of ramp.shades) this.styles.push(shade[side]);
		}
		this.styleOf = new Uint16Array(frames.count);
		this.groupOf = new Uint8Array(frames.count);
		for (let f = 0; f < frames.count; f++) this.chooseStyle(f);
		this.colourNodes();
		this.inks = Uint32Array.from(this.groups, group => this.pixelOf(group));
		this.ground = colour('panel');
		const { search_color: chosen } = this.profile.facts;
		this.match = { fill: chosen || colour('match'), ink: chosen ? this.inkOn(chosen) : colour('match-ink') };
		this.matchInk = this.pixelOf(this.match.fill);
	}

	// A colour as a pixel without its alpha.
	pixelOf(colour) {
		this.strip.fillStyle = colour;
		this.strip.fillRect(0, 0, 1, 1);
		return new Uint32Array(this.strip.getImageData(0, 0, 1, 1).data.buffer)[0] & 0xffffff;
	}

	// Black or white, whichever reads better: they do equally on a luminance of .179 (WCAG 2, relative luminance).
	inkOn(fill) {
		const pixel = this.pixelOf(fill);
		const [red, green, blue] = [0, 8, 16].map(shift => ((pixel >>> shift & 255) / 255) ** 2.2);
		return .2126 * red + .7152 * green + .0722 * blue < .179 ? '#fff' : '#000';
	}

	chooseStyle(f) {
		const { frames } = this.profile, kind = this.profile.kindOf(f);
		const special = kind === 'process' ? this.coloursProcesses && this.colourOf ? 0 : 1 : kind !== 'marker' ? 0 : this.profile.nameOf(f).startsWith('[lost:') ? 3 : 2;
		const other = this.colourOf?.(f), ramp = other ? other.ramp : frames.ramp[f];
		this.styleOf[f] = special || 4 + 16 * ramp + (other ? other.shade : frames.shade[f]);
		this.groupOf[f] = special || 4 + ramp;
	}

	// Per node the same, where nodes of one frame have different colours.
	colourNodes() {
		const { tree, colourOfNode } = this;
		this.nodeStyle = this.nodeGroup = null;
		if (!colourOfNode || !tree) return;
		this.nodeStyle = new Uint16Array(tree.count);
		this.nodeGroup = new Uint8Array(tree.count);
		for (let i = 1; i < tree.count; i++) {
			const f = tree.frame[i], { ramp, shade } = colourOfNode(i), isSpecial = this.styleOf[f] < 4 && !(this.coloursProcesses && this.styleOf[f] === 1);
			this.nodeStyle[i] = isSpecial ? this.styleOf[f] : 4 + 16 * ramp + shade;
			this.nodeGroup[i] = isSpecial ? this.groupOf[f] : 4 + ramp;
		}
	}

	styleFor(i) {
		const f = this.tree.frame[i];
		return this.styles[f < 0 ? 0 : this.nodeStyle ? this.nodeStyle[i] : this.styleOf[f]];
	}

	inkFor(i) {
		return this.inks[this.nodeGroup ? this.nodeGroup[i] : this.groupOf[this.tree.frame[i]]];
	}

	// --- drawing -------------------------------------------------------------------------------

	draw() {
		const { context, tree, ratio } = this;
		context.setTransform(ratio, 0, 0, ratio, 0, 0);
		context.fillStyle = this.ground;
		context.fillRect(0, 0, this.width, this.height);
		context.textBaseline = 'middle';
		context.font = this.font;
		if (!tree.whole) return;
		this.pending = []; // labels, drawn last: they share one font and few inks
		for (let d = 0; d <= tree.deepest; d++) {
			const y = this.top(d);
			if (y + this.row <= 0 || y >= this.height) continue;
			context.globalAlpha = d < this.dimBelow ? .45 : 1;
			this.startStrip();
			this.drawRow(d, y);
			if (this.search?.hits) this.drawMatches(d, y);
			this.finishStrip(y);
		}
		context.globalAlpha = 1;
		this.drawLabels();
	}

	// The whole height of what is in view, drawn into something that takes what a canvas's context takes.
	drawInto(context) {
		const { height, scrolled } = this, own = this.context;
		this.context = context;
		this.height = this.wholeHeight;
		this.scrolled = 0;
		try {
			this.draw();
		} finally {
			Object.assign(this, { context: own, height, scrolled });
		}
	}

	startStrip() {
		const width = this.canvas.width;
		if (this.strip.canvas.width !== width) {
			this.strip.canvas.width = width;
			this.strip.canvas.height = 1;
		}
		if (this.stripData?.width !== width) {
			this.stripData = this.strip.createImageData(width, 1);
			this.stripPixels = new Uint32Array(this.stripData.data.buffer);
		}
		this.stripFrom = width;
		this.stripTo = 0;
	}

	// `pixel` over what lies between two places, in pixels of the screen; what is covered in part shows in part.
	fillStrip(pixel, from, to) {
		const pixels = this.stripPixels, first = Math.floor(from), last = Math.min(pixels.length - 1, Math.floor(to));
		for (let at = first; at <= last; at++) {
			const cover = Math.min(to, at + 1) - Math.max(from, at), old = pixels[at] >>> 24;
			const alpha = Math.round(255 * Math.max(cover, at === first ? LEAST_COVER : 0));
			if (alpha > old) pixels[at] = (alpha << 24 | pixel) >>> 0;
		}
		if (first < this.stripFrom) this.stripFrom = first;
		if (last >= this.stripTo) this.stripTo = last + 1;
	}

	finishStrip(y) {
		const { strip, stripFrom: from, stripTo: to, ratio } = this;
		if (from >= to) return;
		if (this.context.drawStrip) {
			this.context.drawStrip(this.stripPixels, from, to, ratio, y, this.row - 1);
			this.stripPixels.fill(0, from, to);
			return;
		}
		strip.putImageData(this.stripData, 0, 0);
		this.context.imageSmoothingEnabled = false;
		this.context.drawImage(strip.canvas, from, 0, to - from, 1, from / ratio, y, (to - from) / ratio, this.row - 1);
		this.stripPixels.fill(0, from, to);
	}

	drawRow(d, y) {
		const { tree, left, span, scale, ratio } = this, step = 1 / (scale * ratio);
		const { nodes, starts, ends } = tree.rows[d], right = left + span, last = nodes.length;
		let k = tree.firstEndingAfter(ends, 0, last, left);
		while (k < last) {
			const from = starts[k], to = ends[k];
			if (from >= right) break;
			const x = from > left ? (from - left) * scale : 0;
			const width = (to < right ? to - left : span) * scale - x;
			if (width >= LEAST_BLOCK) {
				this.block(nodes[k], SIDE + x, width, y, this.styleFor(nodes[k]), d);
				k++;
				continue;
			}
			// The next one that ends in another pixel of the screen. Where others lie between, this one's pixel is full.
			const place = (SIDE + x) * ratio, pixel = Math.floor(place) + 1;
			const next = tree.firstEndingAfter(ends, k + 1, last, Math.max(to, left + pixel * step - SIDE / scale));
			if (next > k + 1) this.fillStrip(this.inkFor(nodes[k]), pixel - 1, pixel - .01);
			else this.fillStrip(this.inkFor(nodes[k]), place, place + width * ratio);
			k = next;
		}
	}

	block(i, x, width, y, style, d) {
		const { context, row } = this, wide = width - (width > 3 ? 1 : .4);
		context.startBlock?.(i);
		context.fillStyle = style.fill;
		if (wide > 6) {
			context.beginPath();
			context.roundRect(x, y, wide, row - 1, 2.5);
			context.fill();
		} else {
			context.fillRect(x, y, wide, row - 1);
		}
		if (style.edge && wide > 3) {
			context.strokeStyle = style.edge;
			context.lineWidth = 1;
			context.beginPath();
			context.roundRect(x + .5, y + .5, wide - 1, row - 2, 2);
			context.stroke();
		}
		const most = Math.floor((wide - 8) / this.letter);
		if (most >= 3) this.pending.push({ i, x, y, most, wide, ink: style.ink, dim: d < this.dimBelow, bold: style.bold });
	}

	drawMatches(d, y) {
		const { tree, left, span, scale, ratio } = this, { nodes, starts, ends } = this.search.row(d);
		const right = left + span, last = nodes.length, step = 1 / (scale * ratio);
		let k = tree.firstEndingAfter(ends, 0, last, left);
		while (k < last && starts[k] < right) {
			const from = Math.max(starts[k], left), x = SIDE + (from - left) * scale, width = (Math.min(ends[k], right) - from) * scale;
			if (width >= LEAST_BLOCK) {
				this.block(nodes[k], x, width, y, this.match, d);
				k++;
				continue;
			}
			const pixel = Math.floor(x * ratio);
			this.stripPixels[pixel] = 0; // no kind of code is as telling as a match
			this.fillStrip(this.matchInk, pixel, Math.max(pixel + .99, (x + width) * ratio));
			k = tree.firstEndingAfter(ends, k + 1, last, Math.max(ends[k], left + (pixel + 1) * step - SIDE / scale));
		}
	}

	labelFor(i, most) {
		const own = this.nameOfNode?.(i);
		if (own) return fitLabel(own, most, Boolean(this.profile.facts.cut_right));
		const frame = this.tree.frame[i], key = (frame + 1) * 1024 + Math.min(most, 1023);
		let text = this.labels.get(key);
		if (text === undefined) {
			text = fitLabel(this.profile.nameOf(frame), Math.min(most, 1023), Boolean(this.profile.facts.cut_right));
			if (most < LEAST_CUT && text.includes('…')) text = '';
			if (this.labels.size > 50000) this.labels.clear();
			this.labels.set(key, text);
		}
		return text;
	}

	drawLabels() {
		const { context, row, font } = this;
		let ink = null, bold = false;
		for (const label of this.pending) {
			const text = this.labelFor(label.i, label.most);
			if (!text) continue;
			if (Boolean(label.bold) !== bold) context.font = (bold = !bold) ? '600 ' + font : font;
			if (label.ink !== ink) context.fillStyle = ink = label.ink;
			context.globalAlpha = label.dim ? .8 : 1;
			context.fillText(text, label.x + 4.5, label.y + row / 2, label.wide - 8);
		}
		context.globalAlpha = 1;
		this.pending = [];
	}

	// Marks over the drawing: `same` nodes lightly, one pointed at, one that has the focus, one match that is looked at.
	drawMarks({ same, pointed, focused, current }) {
		const { overlay, ratio } = this;
		overlay.setTransform(ratio, 0, 0, ratio, 0, 0);
		overlay.clearRect(0, 0, this.width, this.height);
		overlay.lineWidth = 1;
		overlay.strokeStyle = this.theme.colour('accent');
		this.drawSame(same);
		overlay.lineWidth = 1.5;
		if (pointed >= 0) this.outline(pointed, this.extent(pointed), .75);
		overlay.lineWidth = 2;
		overlay.strokeStyle = this.theme.colour('ink');
		for (const i of [current, focused]) if (i >= 0) this.outline(i, this.extent(i), 1);
	}

	// Narrow ones are tinted, once a pixel.
	drawSame(same) {
		const { overlay, tree } = this;
		let past = -1;
		overlay.fillStyle = this.theme.colour('accent');
		for (const i of same) {
			const at = this.extent(i);
			if (!at) continue;
			if (at.width >= 4) {
				this.outline(i, at, .5);
				continue;
			}
			const place = tree.depth[i] * 65536 + Math.floor(at.x), y = this.top(tree.depth[i]);
			if (place === past || y + this.row < 0 || y > this.height) continue;
			past = place;
			overlay.globalAlpha = .4;
			overlay.fillRect(at.x, y, Math.max(1, at.width), this.row - 1);
			overlay.globalAlpha = 1;
		}
	}

	outline(i, at, inset) {
		const y = this.top(this.tree.depth[i]);
		if (!at || y + this.row < 0 || y > this.height) return;
		const wide = Math.max(1, at.width - 1 - 2 * inset);
		this.overlay.strokeRect(at.x + inset, y + inset, wide, this.row - 1 - 2 * inset);
	}
}
