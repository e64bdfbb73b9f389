// SPDX-License-Identifier: Apache-2.0
//
// What happened on the machine and to the recording, as it is said and marked. Kinds are those of store/event_kinds.def.
export { eventWords, eventColour };

const EVENT_LOOKS = {
	process_start: { words: text => `${text} started`, colour: 'ink2' },
	process_end: { words: text => `${text} ended`, colour: 'ink2' },
	window_lost: { words: text => `time was lost: ${text}`, colour: 'lost' },
	rate_changed: { words: text => `another rate: ${text}`, colour: 'cut' },
	store_cleaned: { words: text => `what is old was taken away: ${text}`, colour: 'ink2' },
	rolled_up: { words: text => `what is old was rolled up: ${text}`, colour: 'ink2' },
	serve_start: { words: text => `hearth ${text} started`, colour: 'accent' },
	serve_stop: { words: text => `hearth ended: ${text}`, colour: 'accent' },
	budget: { words: text => `the budget: ${text}`, colour: 'lost' },
	reloaded: { words: text => `options were read again: ${text}`, colour: 'ink2' },
	part_ended: { words: text => `a part of hearth was started again: ${text}`, colour: 'cut' },
	slices_damaged: { words: text => `parts of the store are damaged: ${text}`, colour: 'lost' },
};

function eventWords({ kind, text }) {
	return Object.hasOwn(EVENT_LOOKS, kind) ? EVENT_LOOKS[kind].words(text) : `${kind}: ${text}`;
}

// A colour of page_colours.css.
function eventColour({ kind }) {
	return Object.hasOwn(EVENT_LOOKS, kind) ? EVENT_LOOKS[kind].colour : 'ink2';
}
