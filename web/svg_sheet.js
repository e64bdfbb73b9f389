// SPDX-License-Identifier: Apache-2.0
//
// Takes what a graph draws and makes an SVG of it: it has the part of a canvas's context that FlameCanvas uses. Names are
// text nodes, so that none is ever markup.
export { SvgSheet };

const CAPTION_HEIGHT = 24;
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

class SvgSheet {
	constructor(width, height, title, solid) {
		this.document = document.implementation.createDocument(SVG_NAMESPACE, 'svg');
		this.root = this.document.documentElement;
		this.solid = solid; // a plain colour for a pattern
		this.set(this.root, { width, height, viewBox: `0 0 ${width} ${height}` });
		const name = this.document.createElementNS(SVG_NAMESPACE, 'title');
		name.textContent = title;
		this.root.append(name);
		this.globalAlpha = 1;
		this.box = null;
	}

	set(element, values) {
		for (const [name, value] of Object.entries(values))
			element.setAttribute(name, typeof value === 'number' ? +value.toFixed(2) : value);
	}

	add(tag, values) {
		const element = this.document.createElementNS(SVG_NAMESPACE, tag);
		this.set(element, values);
		if (this.globalAlpha < 1) element.setAttribute('opacity', this.globalAlpha);
		this.root.append(element);
		return element;
	}

	setTransform() {}

	beginPath() {
		this.box = null;
	}

	roundRect(x, y, width, height, rx) {
		this.box = { x, y, width, height, rx };
	}

	fill() {
		this.add('rect', { ...this.box, fill: this.solid(this.fillStyle) });
	}

	stroke() {
		this.add('rect', { ...this.box, fill: 'none', stroke: this.strokeStyle });
	}

	fillRect(x, y, width, height) {
		this.add('rect', { x, y, width, height, fill: this.solid(this.fillStyle) });
	}

	fillText(text, x, y) {
		const bold = this.font.startsWith('600 '), [, size, family] = /([\d.]+)px (.*)/.exec(this.font);
		const element = this.add('text', { x, y: y + size * .34, fill: this.fillStyle, 'font-size': size, 'font-family': family });
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

	// A line of words below the picture; none: nothing.
	caption(words, ground, ink) {
		if (!words) return;
		const { width, height } = Object.fromEntries(['width', 'height'].map(name => [name, +this.root.getAttribute(name)]));
		this.set(this.root, { height: height + CAPTION_HEIGHT, viewBox: `0 0 ${width} ${height + CAPTION_HEIGHT}` });
		this.add('rect', { x: 0, y: height, width, height: CAPTION_HEIGHT, fill: ground });
		this.add('text', { x: CAPTION_HEIGHT / 4, y: height + CAPTION_HEIGHT * .6, fill: ink, 'font-size': 12, 'font-family': 'sans-serif' }).textContent = words;
	}

	get text() {
		return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(this.document) + '\n';
	}
}
