/** RPC, DHT, peers, relay and distribution: views of the node's components, asked for only while they are seen. */
import { CallForm } from './call-form.ts';
import type { Change, Desk, Part } from './desk.ts';
import { el, emptyState, fill, setText } from './element.ts';
import { clockTime } from './format.ts';
import { get } from './requests.ts';
import { sectionsOf } from './shape.ts';
import { drawSections } from './tables.ts';
import type { ViewBody } from './wire.ts';

/** Between two questions. Milliseconds. */
const REFRESH = 1_000;

export interface DataTabText {
  /** Names of the views it shows, in this order. */
  readonly views: readonly string[];
  readonly title: string;
  readonly about: string;
  readonly absent: string;
}

export class DataTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #text: DataTabText;
  readonly #boxes = new Map<string, HTMLElement>();
  readonly #opened = new Set<string>();
  readonly #drawn = new Map<string, string>();
  readonly #when = el('span', 'muted');
  readonly #body = el('div', 'data-body');
  readonly #form: CallForm | undefined;
  #cancel: (() => void) | undefined;
  #seen = false;
  #round = 0;

  constructor(desk: Desk, text: DataTabText) {
    this.#desk = desk;
    this.#text = text;
    this.#form = text.views.includes('rpc') ? new CallForm(desk) : undefined;
    const head = el('header', 'tab-head', el('h2', '', text.title), el('p', 'muted', text.about), this.#when);
    this.element = el('div', 'tab data-tab', head, this.#form?.element, this.#body);
  }

  show(): void {
    this.#seen = true;
    this.#ask();
  }

  hide(): void {
    this.#seen = false;
    this.#round += 1;
    this.#cancel?.();
  }

  update(change: Change): void {
    if (!change.node) return;
    this.#form?.update();
    this.#drawn.clear();
    const there = this.#there();
    this.#boxes.clear();
    if (this.#desk.node !== undefined && there.length === 0) {
      fill(this.#body, emptyState('sign-supervisor', `No ${this.#text.title} here`, this.#text.absent));
      return;
    }
    for (const name of there) this.#boxes.set(name, el('div', 'data-view', el('p', 'muted', 'Loading …')));
    fill(this.#body, ...this.#boxes.values());
    if (this.#seen) this.#ask();
  }

  #there(): readonly string[] {
    const all = this.#desk.node?.views ?? [];
    return this.#text.views.filter((name) => all.includes(name));
  }

  #ask(): void {
    this.#cancel?.();
    this.#round += 1;
    const round = this.#round;
    const again = (): void => {
      if (this.#seen && round === this.#round) {
        this.#cancel = this.#desk.browser.after(REFRESH, () => this.#ask());
      }
    };
    // what is paused stays as it is
    const asked = this.#desk.paused ? [] : this.#there().map((name) => this.#load(name, round));
    Promise.all(asked).then(again, again);
  }

  async #load(name: string, round: number): Promise<void> {
    const answer = await get<ViewBody>(`/api/views/${encodeURIComponent(name)}`);
    const box = this.#boxes.get(name);
    if (round !== this.#round || box === undefined) return;
    if (!answer.ok) {
      if (!this.#drawn.has(name)) fill(box, el('p', 'muted', `Not available: ${answer.error}.`));
      return;
    }
    setText(this.#when, `as of ${clockTime(answer.body.at).slice(0, 8)}`);
    const sections = sectionsOf(answer.body.data, answer.body.at);
    const key = JSON.stringify(sections);
    // somebody selects text, or is about to press a button: what has not changed stays as it is
    if (this.#drawn.get(name) === key) return;
    this.#drawn.set(name, key);
    const opened = {
      has: (row: string) => this.#opened.has(row),
      toggle: (row: string) => {
        if (!this.#opened.delete(row) && this.#opened.size < 1_000) this.#opened.add(row);
      },
    };
    const scroll = this.element.scrollTop;
    drawSections(box, sections, opened, name);
    this.element.scrollTop = scroll;
  }
}
