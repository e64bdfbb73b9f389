// SPDX-License-Identifier: Apache-2.0
//
// Takes what a graph draws and makes an SVG of it: it has the part of a canvas's context that FlameCanvas uses. Names are
// text nodes, so that none is ever markup.
export { SvgSheet, fileName };

const SHEET_PAD = 8;
const HEADING_HEIGHT = 30;
const LINE_HEIGHT = 18;
const BAR_HEIGHT = 12;
const BAR_WIDTH = 150;
const LETTER_WIDTH = 6.6;
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

// Of words that others chose: what every system takes for the name of a file.
function fileName(words) {
	return words.map(word => word.replace(/[^\p{L}\p{N}._]+/gu, '-').replace(/^[-.]+|-+$/g, '').slice(0, 60)).filter(Boolean).join('-') + '.svg';
}

class SvgSheet {
	// `wordsOf` a node: what its rectangle's title says.
	constructor(width, height, title, solid, wordsOf) {
		Object.assign(this, { width, height, wordsOf, words: '' });
		this.document = document.implementation.createDocument(SVG_NAMESPACE, 'svg');
		this.root = this.document.documentElement;
		this.solid = solid; // a plain colour for a pattern
		this.set(this.root, { width, height, viewBox: `0 0 ${width} ${height}` });
		const name = this.document.createElementNS(SVG_NAMESPACE, 'title');
		name.textContent = title;
		this.body = this.make('g', {});
		this.root.append(name, this.body);
		this.globalAlpha = 1;
		this.box = null;
	}

	set(element, values) {
		for (const [name, value] of Object.entries(values))
			element.setAttribute(name, typeof value === 'number' ? +value.toFixed(2) : value);
	}

	make(tag, values) {
		const element = this.document.createElementNS(SVG_NAMESPACE, tag);
		this.set(element, values);
		return element;
	}

	add(tag, values) {
		const element = this.make(tag, values);
		if (this.globalAlpha < 1) element.setAttribute('opacity', this.globalAlpha);
		this.body.append(element);
		return element;
	}

	// What is drawn next is that node's.
	startBlock(i) {
		this.words = this.wordsOf(i);
	}

	addBlock(values) {
		const rect = this.add('rect', { ...values, fill: this.solid(this.fillStyle) });
		if (!this.words) return;
		const words = this.make('title', {});
		words.textContent = this.words;
		rect.append(words);
		this.words = '';
	}

	setTransform() {}

	beginPath() {
		this.box = null;
	}

	roundRect(x, y, width, height, rx) {
		this.box = { x, y, width, height, rx };
	}

	fill() {
		this.addBlock(this.box);
	}

	stroke() {
		this.add('rect', { ...this.box, fill: 'none', stroke: this.strokeStyle });
	}

	fillRect(x, y, width, height) {
		this.addBlock({ x, y, width, height });
	}

	fillText(text, x, y) {
		const bold = this.font.startsWith('600 '), [, size, family] = /([\d.]+)px (.*)/.exec(this.font);
		const element = this.add('text', { x, y: y + size * .34, fill: this.fillStyle, 'font-size': size, 'font-family': family, 'pointer-events': 'none' });
		if (bold) element.setAttribute('font-weight', 600);
		element.textContent = text;
	}

	// Pixels of a strip: those of one colour side by side are one rectangle.
	drawStrip(pixels, from, to, ratio, y, height) {
		for (let at = from; at < to;) {
			const pixel = pixels[at], start = at;
			while (at < to && pixels[at] === pixel) at++;
			if (!(pixel >>> 24)) continue;
			const fill = `rgb(${pixel & 255},${pixel >>> 8 & 255},${pixel >>> 16 & 255})`;
			const rect = this.add('rect', { x: start / ratio, y, width: (at - start) / ratio, height, fill });
			if (pixel >>> 24 < 255) rect.setAttribute('fill-opacity', ((pixel >>> 24) / 255).toFixed(2));
		}
	}

	// Above the picture the heading and words, below it a bar (parts of a whole, [{ colour, share }]; none: no bar) and words: per group a line or several.
	frame({ heading, above, bar, below }, { ground, ink, quiet }) {
		const { width, height } = this, [tops, bottoms] = [above, below].map(groups => groups.flatMap(words => this.wrap(words))), top = HEADING_HEIGHT + tops.length * LINE_HEIGHT;
		const foot = top + height + SHEET_PAD, whole = foot + (bar.length ? BAR_HEIGHT : 0) + bottoms.length * LINE_HEIGHT + SHEET_PAD;
		this.set(this.body, { transform: `translate(0,${top})` });
		this.set(this.root, { height: whole, viewBox: `0 0 ${width} ${whole}` });
		const paper = this.make('rect', { x: 0, y: 0, width, height: whole, fill: ground });
		this.root.insertBefore(paper, this.body);
		const line = (text, y, look) => {
			const element = this.make('text', { x: SHEET_PAD, y, 'font-size': 12, 'font-family': 'sans-serif', fill: quiet, ...look });
			element.textContent = text;
			this.root.append(element);
		};
		line(heading, HEADING_HEIGHT - 6, { fill: ink, 'font-size': 15, 'font-weight': 600 });
		tops.forEach((text, i) => line(text, HEADING_HEIGHT + (i + .7) * LINE_HEIGHT));
		let x = SHEET_PAD;
		for (const { colour, share } of bar) {
			this.root.append(this.make('rect', { x, y: foot, width: share * BAR_WIDTH, height: 6, fill: colour }));
			x += share * BAR_WIDTH;
		}
		bottoms.forEach((text, i) => line(text, foot + (bar.length ? BAR_HEIGHT : 0) + (i + .7) * LINE_HEIGHT));
	}

	// Words as lines that fit, by a guess of the letters' width.
	wrap(words) {
		const most = (this.width - 2 * SHEET_PAD) / LETTER_WIDTH, lines = [];
		for (const word of words.filter(Boolean)) {
			const longer = lines.length ? `${lines.at(-1)} · ${word}` : word;
			if (lines.length && longer.length <= most) lines[lines.length - 1] = longer;
			else lines.push(word);
		}
		return lines;
	}

	get text() {
		return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(this.document) + '\n';
	}
}
