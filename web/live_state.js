// SPDX-License-Identifier: Apache-2.0
//
// What the live page asks for, as the part of its address before the "#": so that it can be sent, and Back leads to what was asked before. (How the answer is looked at stands behind
// the "#": view_address.js.)
export { readState, writeState, profileParams, sameState, DEFAULT_LAST, STATE_WIDTHS };

import { readLength } from './live_times.js';

const DEFAULT_LAST = '15m';
const TERMS_MOST = 32; // model/label_filter.h
const STATE_WIDTHS = ['larger', 'after', 'before'];

// "1732787000000-1732787170000"
function readSpanOf(text) {
	const [, from, to] = /^(\d{1,15}(?:\.\d+)?)-(\d{1,15}(?:\.\d+)?)$/.exec(text || '') || [];
	return to !== undefined && +from < +to ? { from: +from, to: +to } : null;
}

const spanOf = span => span ? `${+span.from.toFixed(3)}-${+span.to.toFixed(3)}` : '';

// { last: what is in sight ends now, and is followed; '': it is `range`. span: what is drawn of it, null: all. before: what that is compared with. by: the label of the time chart.
// where: terms. width, isShare: of a comparison }
function readState(search) {
	const params = new URLSearchParams(search), range = readSpanOf(params.get('range'));
	return {
		last: range ? '' : readLength(params.get('last')) ? params.get('last') : DEFAULT_LAST,
		range,
		span: readSpanOf(params.get('span')),
		before: readSpanOf(params.get('before')),
		by: /^[a-z_]+$/.test(params.get('by') || '') ? params.get('by') : 'comm',
		where: params.getAll('where').filter(Boolean).slice(0, TERMS_MOST),
		width: STATE_WIDTHS.includes(params.get('width')) ? params.get('width') : STATE_WIDTHS[0],
		isShare: params.get('scale') === 'share',
	};
}

// '' or "?...": what is as it would be without is left out.
function writeState(state) {
	const params = new URLSearchParams();
	const add = (key, value, without = '') => { if (value && value !== without) params.append(key, value); };
	add('last', state.range ? '' : state.last, DEFAULT_LAST);
	add('range', spanOf(state.range));
	add('span', spanOf(state.span));
	add('before', spanOf(state.before));
	add('by', state.by, 'comm');
	for (const term of state.where) add('where', term);
	add('width', state.width, STATE_WIDTHS[0]);
	add('scale', state.isShare ? 'share' : '');
	const text = params.toString();
	return text && '?' + text;
}

const sameState = (a, b) => writeState(a) === writeState(b);

// [key, value] pairs for the server.
function profileParams({ from, to }, where) {
	const seconds = ms => '@' + +(ms / 1000).toFixed(6);
	return [['from', seconds(from)], ['to', seconds(to)], ...where.map(term => ['where', term])];
}
