/** The tree twice: as a list, and beside it as a drawing. They fold, filter and choose together. */
import type { Change, Desk, Part } from './desk.ts';
import { Drawing } from './drawing.ts';
import { el } from './element.ts';
import { TreeList } from './tree-list.ts';

export class TreeTab implements Part {
  readonly element: HTMLElement;
  readonly #list: TreeList;
  readonly #drawing: Drawing;

  constructor(desk: Desk) {
    this.#list = new TreeList(desk);
    this.#drawing = new Drawing(desk);
    this.element = el('div', 'tab tree-tab', this.#list.element, this.#drawing.element);
  }

  focus(): void {
    this.#list.focus();
  }

  update(change: Change): void {
    this.#list.update(change);
    this.#drawing.update(change);
  }
}
