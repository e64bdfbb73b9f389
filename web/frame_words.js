// SPDX-License-Identifier: Apache-2.0
//
// What is said of a frame: in the strip under the graph, and to a screen reader.
export { frameFacts, frameWords, showDetail };

import { amountText, countText, groupDigits, secondsText, shareText, stepText } from './plain_numbers.js';
import { threadText } from './sample_choice.js';

// Pairs of a word and its value, the most telling first; a tree may have a way of its own (`factsOf`). `view` is the node that fills the width.
function frameFacts(profile, tree, i, view) {
	const { facts } = profile, { base } = tree, frame = tree.frame[i], { whole } = base, own = tree.own(i), pairs = [];
	const kind = profile.kindOf(frame);
	if (base.factsOf) return [...base.factsOf(tree, i), ...placeFacts(profile, tree, i)];
	pairs.push(['total', `${amountText(facts, tree.total(i))} · ${shareText(tree.total(i), whole)}`]);
	if (own >= 0) pairs.push(['self', `${amountText(facts, own)} · ${shareText(own, whole)}`]);
	if (tree.all !== whole) pairs.push(['of all', shareText(tree.total(i), tree.all)]);
	if ((view > 0 || (base !== tree && i > 0)) && tree.isWithin(i, view)) pairs.push(['of view', shareText(tree.total(i), tree.total(view))]);
	pairs.push(...placeFacts(profile, tree, i));
	if (frame >= 0) {
		const places = base.nodesOf(frame);
		if (places.length > 1)
			pairs.push([`in ${groupDigits(places.length)} places`, shareText(base.massOfFrame(frame), whole)]);
	}
	if (tree.slotsPerStep) pairs.push(...chartFacts(profile, tree, i));
	if (!['native', 'root'].includes(kind)) pairs.push(['', kind]);
	if (+facts.per_second && !facts.is_amount) pairs.push(['', countText(facts, tree.total(i))]);
	return pairs;
}

// Where its code is.
function placeFacts(profile, { frame }, i) {
	return [['file', profile.sourceOf(frame[i])], ['in', profile.moduleOf(frame[i])]].filter(([, value]) => value);
}

// Of a node of a flame chart.
function chartFacts({ samples }, tree, i) {
	const { slotNs, slots: most } = samples.time, seconds = slots => slots * slotNs / 1e9, step = seconds(Math.min(tree.slotsPerStep, most));
	const at = slots => secondsText(seconds(slots), step), finer = tree.slotsPerStep > 1 ? ' (finer of one thread, or of a shorter time)' : '';
	return i ? [['at', `${at(tree.firstSlot[i])} – ${at(tree.lastSlot[i])}`], ['thread', threadText(samples.threads[tree.thread[i]])]] : [['in steps of', stepText(step) + finer]];
}

function frameWords(profile, tree, i, view) {
	const pairs = frameFacts(profile, tree, i, view).map(([key, value]) => key ? `${key} ${value}` : value);
	return [profile.nameOf(tree.frame[i]), ...pairs].join(', ');
}

// "/usr/lib/go/src/encoding/json/decode.go:352" as "…/json/decode.go:352": there is little room.
function shortPath(path) {
	const parts = path.split('/');
	return parts.length > 3 ? ['…', ...parts.slice(-2)].join('/') : path;
}

function showDetail(element, profile, tree, i, view, acts) {
	const name = document.createElement('span'), facts = document.createElement('span');
	const { nametype } = profile.facts, full = profile.nameOf(tree.frame[i]);
	name.className = 'name cut';
	name.textContent = (nametype ? nametype + ' ' : '') + full;
	name.title = full;
	facts.className = 'facts';
	for (const [key, value] of frameFacts(profile, tree, i, view)) {
		const pair = document.createElement('span'), word = document.createElement('span');
		word.className = 'key';
		word.textContent = key;
		if (key) pair.append(word, ' ');
		pair.append(key === 'file' ? shortPath(value) : value);
		if (key === 'file') pair.className = key;
		if (key === 'file') pair.title = value;
		facts.append(pair);
	}
	element.replaceChildren(name, facts, acts);
}
