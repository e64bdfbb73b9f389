// SPDX-License-Identifier: Apache-2.0
//
// The graph for those who do not see it: an accessible tree of the frame that has the focus, its ancestors, and some of its
// siblings and callees. One item at a time is in the order of Tab (roving focus); arrows move it.
export { TreeTwin };

const AROUND = 12; // siblings to each side, and callees

class TreeTwin {
	constructor(element, wordsOf, onFocus) {
		this.element = element;
		this.wordsOf = wordsOf;
		this.onFocus = onFocus;
		this.node = -1;
		element.addEventListener('focusin', () => this.onFocus(this.node));
		element.addEventListener('focusout', () => this.onFocus(-1));
	}

	setTree(tree) {
		this.tree = tree;
		this.show(0);
	}

	item(i, siblings) {
		const item = document.createElement('div');
		item.setAttribute('role', 'treeitem');
		item.setAttribute('aria-level', this.tree.depth[i] + 1);
		item.setAttribute('aria-setsize', siblings.length);
		item.setAttribute('aria-posinset', siblings.indexOf(i) + 1);
		if (this.tree.hasChildren(i)) item.setAttribute('aria-expanded', i <= this.node && this.tree.end[i] > this.node);
		item.tabIndex = i === this.node ? 0 : -1;
		item.textContent = this.wordsOf(i);
		if (i === this.node) item.setAttribute('aria-current', 'true');
		return item;
	}

	show(node) {
		const { tree } = this, items = [];
		const siblingsOf = i => i ? Array.from(tree.children(tree.parent[i])) : [0];
		this.node = node;
		for (const i of tree.path(node).slice(0, -1)) items.push(this.item(i, siblingsOf(i)));
		const siblings = siblingsOf(node), place = siblings.indexOf(node);
		for (const i of siblings.slice(Math.max(0, place - AROUND), place)) items.push(this.item(i, siblings));
		this.focused = this.item(node, siblings);
		items.push(this.focused);
		const children = Array.from(tree.children(node));
		for (const i of children.slice(0, AROUND)) items.push(this.item(i, children));
		for (const i of siblings.slice(place + 1, place + 1 + AROUND)) items.push(this.item(i, siblings));
		this.element.replaceChildren(...items);
	}

	focus(node) {
		this.show(node);
		this.focused.focus({ preventScroll: true });
	}
}
