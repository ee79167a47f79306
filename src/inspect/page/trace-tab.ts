/** Traces: which messages some actors take and answer, by kind and size, as a sequence diagram. Bounded, ends itself. */
import type { Change, Desk, Part } from './desk.ts';
import { button, el, emptyState, fill, nameEl, setText, svg } from './element.ts';
import { duration } from './format.ts';
import { cleanName } from './names.ts';
import { act } from './requests.ts';
import { sequence, type Traced } from './sequence.ts';
import type { TraceEvent } from './wire.ts';

const MAX_ACTORS = 6;
const MAX_MESSAGES = 200;
const LANE = 190;
const LEFT = 90;

export class TraceTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #actors = new Map<string, string>();
  readonly #chosen = el('div', 'trace-actors');
  readonly #seconds = el('select', 'input small');
  readonly #go = button('Trace', 'button', () => {
    this.#run().catch(() => this.#tell('The trace could not be started.'));
  });
  readonly #status = el('span', 'muted');
  readonly #picture = el('div', 'sequence');
  readonly #off: HTMLElement;
  readonly #on: HTMLElement;
  #running = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    for (const seconds of [2, 5, 10, 30]) {
      const option = el('option', '', `for ${seconds} s`);
      option.value = String(seconds * 1_000);
      option.selected = seconds === 5;
      this.#seconds.append(option);
    }
    this.#seconds.ariaLabel = 'For how long';
    this.#status.role = 'status';
    const add = button('Add the chosen actor', 'button small', () => this.#add());
    const head = el('header', 'tab-head row-head', el('h2', '', 'Trace'), this.#status);
    const bar = el('div', 'trace-bar', this.#chosen, add, this.#seconds, this.#go);
    this.#on = el('div', 'trace', bar, this.#picture);
    this.#off = emptyState(
      'sign-suspended',
      'Traces need actions',
      'Tracing costs the traced actor time, so it is off until the node is started with actions: inspector: { actions: true }.',
    );
    this.element = el('div', 'tab', head, this.#off, this.#on);
    this.#blank();
  }

  show(): void {
    if (this.#actors.size === 0) this.#add();
  }

  update(change: Change): void {
    this.#off.hidden = this.#desk.actions;
    this.#on.hidden = !this.#desk.actions;
    if (change.selection && this.#actors.size === 0) this.#add();
    this.#go.disabled = this.#running || this.#actors.size === 0;
  }

  #add(): void {
    const { selected, model } = this.#desk;
    const row = selected === undefined ? undefined : model.rows.get(selected);
    if (row !== undefined && this.#actors.size < MAX_ACTORS) this.#actors.set(row.id, row.name);
    this.#list();
  }

  #list(): void {
    const chips = [...this.#actors].map(([id, name]) => {
      const away = button('×', 'remove', () => {
        this.#actors.delete(id);
        this.#list();
      });
      away.ariaLabel = `Remove ${cleanName(name, 40)}`;
      return el('span', 'chip', nameEl(name), away);
    });
    fill(this.#chosen, ...(chips.length === 0 ? [el('span', 'muted', 'Choose an actor first.')] : chips));
    this.#go.disabled = this.#running || this.#actors.size === 0;
  }

  #blank(): void {
    fill(
      this.#picture,
      el('p', 'muted none', 'Kinds and sizes of messages only: what is in them stays in the node.'),
    );
  }

  async #run(): Promise<void> {
    const ms = Number(this.#seconds.value);
    this.#running = true;
    this.#go.disabled = true;
    this.#tell(`Tracing for ${duration(ms)} or ${MAX_MESSAGES} messages …`);
    const actors = [...this.#actors];
    const answers = await Promise.all(
      actors.map(([id]) => act({ action: 'trace', id, max: MAX_MESSAGES, ms }, ms)),
    );
    this.#running = false;
    this.#go.disabled = false;
    const traced: Traced[] = [];
    for (const [index, answer] of answers.entries()) {
      const [id = '', name = ''] = actors[index] ?? [];
      const failed = !answer.ok ? answer.error : answer.body.ok ? undefined : answer.body.error.message;
      if (failed !== undefined) this.#desk.say(`Trace of ${cleanName(name, 40)}: ${failed}`, true);
      const value = answer.ok && answer.body.ok ? answer.body.value : [];
      traced.push({ id, name, events: Array.isArray(value) ? (value as TraceEvent[]) : [] });
    }
    this.#draw(traced);
  }

  #draw(traced: readonly Traced[]): void {
    const { lanes, arrows, height, more } = sequence(traced);
    this.#tell(
      arrows.length === 0
        ? 'No messages in that time.'
        : `${arrows.length} messages${more > 0 ? `, ${more} more left out` : ''}`,
    );
    if (arrows.length === 0) return this.#blank();
    const width = LEFT + lanes.length * LANE;
    const head = 34;
    const all = height + head + 12;
    const picture = svg('svg', { class: 'sequence-svg', width, height: all, viewBox: `0 0 ${width} ${all}` });
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', 'Sequence diagram');
    for (const [lane, { name }] of lanes.entries()) {
      const x = LEFT + lane * LANE + LANE - 40;
      const label = svg('text', { class: 'lane-name', x, y: 18, 'text-anchor': 'middle' });
      label.textContent = cleanName(name, 24);
      picture.append(label, svg('line', { class: 'lane', x1: x, x2: x, y1: 26, y2: all }));
    }
    for (const { lane, y, direction, label, after } of arrows) {
      const x = LEFT + lane * LANE + LANE - 40;
      const from = x - LANE + 62;
      const at = y + head;
      const time = svg('text', { class: 'arrow-time', x: 8, y: at + 4 });
      time.textContent = `+${duration(after)}`;
      const path =
        direction === 'in' ? `M${from},${at}H${x}m-6,-4l6,4l-6,4` : `M${x},${at}H${from}m6,-4l-6,4l6,4`;
      const text = svg('text', {
        class: 'arrow-label',
        x: (from + x) / 2,
        y: at - 4,
        'text-anchor': 'middle',
      });
      text.textContent = cleanName(label, 28);
      picture.append(time, svg('path', { class: `arrow-${direction}`, d: path }), text);
    }
    fill(this.#picture, picture);
  }

  #tell(text: string): void {
    setText(this.#status, text);
  }
}
