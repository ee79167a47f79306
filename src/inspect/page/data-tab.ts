/** RPC, DHT, peers, relay and distribution: views of the node's components, asked for only while they are seen. */
import { CallForm } from './call-form.ts';
import type { Change, Desk, Part } from './desk.ts';
import { el, emptyState, fill, setText } from './element.ts';
import { clockTime } from './format.ts';
import { get } from './requests.ts';
import { SectionViews } from './section-views.ts';
import { Rates } from './rates.ts';
import { tickBelow } from './cell-view.ts';
import type { Opened } from './table-view.ts';
import { viewSections } from './views.ts';
import type { ViewBody } from './wire.ts';

/** Between two questions, and between two looks at what counts down. Milliseconds. */
const REFRESH = 1_000;
const TICK = 250;
/** Open rows and folded parts that are kept. */
const MOST_OPENED = 1_000;

export interface DataTabText {
  /** Names of the views it shows, in this order. */
  readonly views: readonly string[];
  readonly title: string;
  readonly about: string;
  readonly absent: string;
}

interface Box {
  readonly element: HTMLElement;
  readonly sections: SectionViews;
  readonly rates: Rates;
  /** An answer has been drawn. */
  drawn: boolean;
}

export class DataTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #text: DataTabText;
  readonly #boxes = new Map<string, Box>();
  readonly #marks = new Set<string>();
  readonly #opened: Opened = {
    has: (key) => this.#marks.has(key),
    toggle: (key) => {
      if (!this.#marks.delete(key) && this.#marks.size < MOST_OPENED) this.#marks.add(key);
    },
  };
  readonly #when = el('span', 'muted');
  readonly #body = el('div', 'data-body');
  readonly #form: CallForm | undefined;
  #cancel: (() => void) | undefined;
  #stopTick: (() => void) | undefined;
  #seen = false;
  #round = 0;
  /** Of what node, and which views of it. */
  #shown: string | undefined;

  constructor(desk: Desk, text: DataTabText) {
    this.#desk = desk;
    this.#text = text;
    this.#form = text.views.includes('rpc') ? new CallForm(desk) : undefined;
    const top = el('div', 'tab-top', el('h2', '', text.title), this.#when);
    const head = el('header', 'tab-head', top, el('p', 'muted', text.about));
    this.element = el('div', 'tab data-tab', head, this.#form?.element, this.#body);
  }

  show(): void {
    this.#seen = true;
    this.#ask();
    this.#tick();
  }

  hide(): void {
    this.#seen = false;
    this.#round += 1;
    this.#cancel?.();
    this.#stopTick?.();
  }

  update(change: Change): void {
    const { node } = this.#desk;
    if (!change.node || node === undefined) return;
    this.#form?.update();
    const there = this.#there();
    const shown = `${node.startedAt} ${node.id} ${there.join(' ')}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#boxes.clear();
    if (there.length === 0) {
      fill(this.#body, emptyState('sign-supervisor', `No ${this.#text.title} here`, this.#text.absent));
      return;
    }
    for (const name of there) this.#boxes.set(name, this.#box(name));
    fill(this.#body, ...Array.from(this.#boxes.values(), ({ element }) => element));
    if (this.#seen) this.#ask();
  }

  #box(name: string): Box {
    const sections = new SectionViews(this.#opened, name);
    return {
      element: el('div', 'data-view', el('p', 'muted', 'Loading …')),
      sections,
      rates: new Rates(),
      drawn: false,
    };
  }

  #there(): readonly string[] {
    const all = this.#desk.node?.views ?? [];
    return this.#text.views.filter((name) => all.includes(name));
  }

  /** What counts down does so between two answers too. */
  #tick(): void {
    this.#stopTick?.();
    this.#stopTick = this.#desk.browser.after(TICK, () => {
      if (!this.#desk.paused) tickBelow(this.#body, this.#desk.browser.now());
      this.#tick();
    });
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
      if (!box.drawn) fill(box.element, el('p', 'muted', `Not available: ${answer.error}.`));
      return;
    }
    const { at, data } = answer.body;
    setText(this.#when, `as of ${clockTime(at).slice(0, 8)}`);
    if (!box.drawn) fill(box.element, box.sections.element);
    box.drawn = true;
    box.rates.begin(at);
    const times = { at, now: this.#desk.browser.now(), rate: box.rates.of };
    box.sections.draw(viewSections(name, data, times));
    tickBelow(box.element, times.now);
    if (name === 'rpc') this.#form?.offer(data);
  }
}
