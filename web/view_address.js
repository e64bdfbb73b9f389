// SPDX-License-Identifier: Apache-2.0
//
// The state of the view in the address, so that it can be sent: #/path/of/frames?s=search&v=view&t=theme. A path is names of frames and no
// pixels: it leads to the same function in the next profile, too.
export { writeAddress, readAddress, putAddress, pathOf, followPath };

// A name as a piece of a path: short, and told apart from others that begin alike.
function shortName(name) {
	if (name.length <= 120) return name;
	let hash = 2166136261;
	for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
	return Array.from(name).slice(0, 80).join('') + '…' + (hash >>> 0).toString(36);
}

function encodePiece(text) {
	return encodeURIComponent(text).replaceAll('~', '%7E');
}

function decodePiece(text) {
	try {
		return decodeURIComponent(text);
	} catch (error) {
		return '';
	}
}

// Of siblings with one name: by their frames, in whatever order they stand.
const compareTwins = (tree, a, b) => tree.frame[a] - tree.frame[b] || a - b;

// All but the first of them have their number behind the name.
function pieceOf(profile, tree, i) {
	const name = profile.nameOf(tree.frame[i]);
	let twins = 1;
	for (const other of tree.children(tree.parent[i]))
		if (compareTwins(tree, other, i) < 0 && profile.nameOf(tree.frame[other]) === name) twins++;
	return encodePiece(shortName(name)) + (twins > 1 ? '~' + twins : '');
}

function pathOf(profile, tree, i) {
	let path = '';
	for (; i > 0; i = tree.parent[i]) path = '/' + pieceOf(profile, tree, i) + path;
	return path;
}

function childOf(profile, tree, parent, piece) {
	const [, name, twin] = /^(.*?)(?:~(\d+))?$/s.exec(piece), wanted = decodePiece(name);
	const twins = [...tree.children(parent)].filter(child => shortName(profile.nameOf(tree.frame[child])) === wanted).sort((a, b) => compareTwins(tree, a, b));
	return twins[(twin ? +twin : 1) - 1] ?? -1;
}

// The node that a path leads to, or its nearest ancestor that is there, and what is missing then.
function followPath(profile, tree, path) {
	const pieces = path.split('/').filter(Boolean);
	let node = 0;
	while (pieces.length) {
		const next = childOf(profile, tree, node, pieces[0]);
		if (next < 0) break;
		node = next;
		pieces.shift();
	}
	return { node, missing: pieces.map(piece => decodePiece(piece.replace(/~\d+$/, ''))).join('/') };
}

// `facts`: key → text; what is empty or as it is without is left out.
function writeAddress(path, facts) {
	const pairs = Object.entries(facts).filter(([, value]) => value);
	return '#' + path + (pairs.length ? '?' : '') + pairs.map(([key, value]) => key + '=' + encodeURIComponent(value)).join('&');
}

function readAddress(hash) {
	const [path, rest = ''] = hash.slice(1).split(/\?(.*)/s), facts = {};
	for (const pair of rest.split('&')) {
		const [key, value = ''] = pair.split(/=(.*)/s);
		if (/^[a-z]$/.test(key)) facts[key] = decodePiece(value);
	}
	return { path, facts };
}

// As a place of its own in the history, or instead of the last one. A browser may refuse, or ask for fewer calls; no view depends on it.
function putAddress(to, isNew) {
	try {
		history[isNew ? 'pushState' : 'replaceState'](null, '', to);
	} catch (error) {
		// What is shown goes on without it.
	}
}
