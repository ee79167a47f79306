/** Everything about the chosen actor, beside every tab. Asks the node only while one is chosen. */
import { actionButtons } from './actions.ts';
import { storyOf } from './crash-story.ts';
import type { Change, Desk, Part } from './desk.ts';
import { el, emptyState, fill, icon, nameEl, setIcon, setName, setText } from './element.ts';
import { ago, count, duration, exact, rate, typeAndSize } from './format.ts';
import { heat } from './heat.ts';
import { get } from './requests.ts';
import { signOf } from './signs.ts';
import { Sparkline } from './sparkline.ts';
import type { ActorDetail, ActorRow } from './wire.ts';

/** Between two questions for what the stream does not tell. Milliseconds. */
const REFRESH = 2_000;

const FACTS = [
  'id',
  'type',
  'module',
  'up for',
  'registered as',
  'state',
  'now handling',
  'mailbox',
  'dropped',
  'received',
  'handled',
  'sent',
  'restart policy',
  'crashes',
  'restarts',
  'strategy',
  'intensity',
  'traps exits',
  'debugging',
] as const;
type Fact = (typeof FACTS)[number];

const RELATIONS = ['linked to', 'monitors', 'monitored by'] as const;

export class Panel implements Part {
  readonly element: HTMLElement = el('aside', 'panel');
  readonly #desk: Desk;
  readonly #sign = icon('sign-worker', 'icon sign');
  readonly #name = nameEl('', 'panel-name');
  readonly #status = el('span', 'chip');
  readonly #path = el('nav', 'path');
  readonly #facts = new Map<Fact, HTMLElement>();
  readonly #lines = new Map<Fact, HTMLElement>();
  readonly #bar = el('span', 'heat-fill');
  readonly #more = el('dl', 'facts more');
  readonly #relations = new Map<string, HTMLElement>();
  readonly #shown = el('pre', 'shown');
  readonly #crashes = el('div', 'panel-crashes');
  readonly #actions = el('div', 'actions');
  readonly #spark = new Sparkline();
  readonly #some: HTMLElement;
  readonly #none: HTMLElement;
  #detail: ActorDetail | undefined;
  #cancel: (() => void) | undefined;
  #gone = false;
  #keys = '';

  constructor(desk: Desk) {
    this.#desk = desk;
    this.element.ariaLabel = 'Chosen actor';
    this.element.tabIndex = -1;
    const facts = el('dl', 'facts');
    for (const fact of FACTS) {
      const value = el('dd');
      const line = el('div', 'fact', el('dt', '', fact), value);
      this.#facts.set(fact, value);
      this.#lines.set(fact, line);
      facts.append(line);
    }
    const relations = el('div', 'relations');
    for (const relation of RELATIONS) {
      const list = el('div', 'relation-list');
      const section = el('section', 'relation', el('h3', '', relation), list);
      this.#relations.set(relation, list);
      relations.append(section);
    }
    const bar = el('span', 'heat wide', this.#bar);
    this.#none = emptyState(
      'sign-supervisor',
      'No actor chosen',
      'Choose one in the tree, the drawing or a table.',
    );
    this.#path.ariaLabel = 'Supervisors above it';
    const head = el('header', 'panel-head', this.#sign, this.#name, this.#status);
    this.#some = el(
      'div',
      'panel-body',
      this.#path,
      head,
      this.#actions,
      el('section', 'panel-traffic', el('h3', '', 'messages in'), this.#spark.element),
      bar,
      facts,
      this.#shown,
      this.#more,
      relations,
      this.#crashes,
    );
    this.element.append(this.#none, this.#some);
    this.#draw();
  }

  focus(): void {
    const first = this.element.querySelector<HTMLElement>('button');
    (first ?? this.element).focus();
  }

  update(change: Change): void {
    const { selected, model } = this.#desk;
    if (change.selection) {
      this.#detail = undefined;
      this.#gone = false;
      this.#spark.clear();
      this.#ask();
    }
    if (selected !== undefined && change.touched.has(selected)) {
      this.#spark.add(model.rows.get(selected)?.rate.in ?? 0);
    }
    const chosen = selected !== undefined && (change.touched.has(selected) || change.structure);
    if (change.selection || chosen || change.node || change.crashes) this.#draw();
  }

  /** Each second: what has an age grows older. */
  tick(): void {
    const { selected, model } = this.#desk;
    const row = selected === undefined ? undefined : model.rows.get(selected);
    if (row !== undefined) this.#put('up for', duration(this.#desk.browser.now() - row.startedAt));
  }

  #ask(): void {
    this.#cancel?.();
    const id = this.#desk.selected;
    if (id === undefined) return;
    const again = (): void => {
      this.#cancel = this.#desk.browser.after(REFRESH, () => this.#ask());
    };
    get<ActorDetail>(`/api/actor/${encodeURIComponent(id)}`).then(
      (answer) => {
        if (this.#desk.selected !== id) return;
        if (answer.ok) this.#detail = answer.body;
        this.#gone = !answer.ok && answer.status === 404;
        this.#draw();
        again();
      },
      () => again(),
    );
  }

  #draw(): void {
    const { selected, model } = this.#desk;
    const row = selected === undefined ? undefined : (model.rows.get(selected) ?? this.#detail?.row);
    this.#none.hidden = row !== undefined;
    this.#some.hidden = row === undefined;
    if (row === undefined) return;
    const there = model.rows.has(row.id);
    setIcon(this.#sign, signOf(row));
    setName(this.#name, row.name);
    this.#name.title = this.#name.textContent ?? '';
    const status = there && !this.#gone ? row.status : 'gone';
    setText(this.#status, status);
    this.#status.dataset['status'] = status;
    this.#bar.style.transform = `scaleX(${part(row)})`;
    this.#some.dataset['heat'] = String(heat(row.mailbox.length, row.mailbox.max));
    this.#drawPath(row);
    this.#drawFacts(row);
    this.#drawRelations(row);
    this.#drawCrashes(row);
    const keys = `${row.id} ${status} ${this.#desk.actions}`;
    if (keys !== this.#keys) {
      this.#keys = keys;
      fill(this.#actions, ...(status === 'gone' ? [] : actionButtons(this.#desk, row)));
      this.#actions.hidden = this.#actions.childElementCount === 0;
    }
  }

  #drawPath(row: ActorRow): void {
    const path = this.#desk.model.pathOf(row.id);
    const key = path.map(({ id }) => id).join(' ');
    if (this.#path.dataset['key'] === key) return;
    this.#path.dataset['key'] = key;
    fill(this.#path, ...path.map((above) => this.#link(above.id, above.name)));
  }

  #drawFacts(row: ActorRow): void {
    const status = this.#detail?.status;
    const { restart, mailbox, counters } = row;
    const now = this.#desk.browser.now();
    const message = row.currentMessage ?? undefined;
    this.#put('id', row.id);
    this.#put('type', row.type);
    this.#put('module', row.module === row.type ? '' : row.module);
    this.#put('up for', duration(now - row.startedAt));
    this.#put('registered as', status?.names.join(', ') ?? '');
    this.#put('state', typeAndSize(status?.state ?? row.state));
    this.#put('now handling', message === undefined ? '' : `${message.type} for ${duration(message.forMs)}`);
    const bound = mailbox.max === null ? '' : ` of ${exact(mailbox.max)}`;
    this.#put('mailbox', `${exact(mailbox.length)}${bound}`);
    this.#put('dropped', mailbox.dropped === 0 ? '' : exact(mailbox.dropped));
    this.#put('received', together(exact(counters.in), rate(row.rate.in)));
    this.#put('handled', together(exact(counters.handled), rate(row.rate.handled)));
    this.#put('sent', together(exact(counters.out), rate(row.rate.out)));
    this.#put('restart policy', restart?.policy ?? '');
    this.#put('crashes', counters.crashes === 0 ? 'none' : exact(counters.crashes));
    this.#put('restarts', counters.restarts === 0 ? 'none' : exact(counters.restarts));
    this.#put('strategy', typeof row.strategy === 'string' ? row.strategy : '');
    const recent = restart?.recent?.length ?? 0;
    const limit = restart?.intensity;
    this.#put(
      'intensity',
      typeof limit === 'number' ? `${recent} of ${limit} in ${duration(restart?.period ?? 0)}` : '',
    );
    this.#put('traps exits', row.trapExit ? 'yes' : 'no');
    const debug = [...(status?.debug ?? []), ...(status?.hibernates === true ? ['hibernates'] : [])];
    this.#put('debugging', debug.join(', '));
    const shown = status?.state.shown;
    this.#shown.hidden = shown === undefined;
    if (shown !== undefined) {
      setText(this.#shown, typeof shown === 'string' ? shown : (JSON.stringify(shown, null, 2) ?? ''));
    }
    const details = Object.entries(row.details ?? {}).slice(0, 30);
    const key = JSON.stringify(details).slice(0, 10_000);
    if (this.#more.dataset['key'] === key) return;
    this.#more.dataset['key'] = key;
    const lines = details.map(([name, value]) =>
      el('div', 'fact', el('dt', '', nameEl(name)), el('dd', '', nameEl(plain(value)))),
    );
    fill(this.#more, ...lines);
  }

  /** Nothing to say: no line. */
  #put(fact: Fact, text: string): void {
    const line = this.#lines.get(fact);
    const value = this.#facts.get(fact);
    if (line === undefined || value === undefined) return;
    line.hidden = text === '';
    const clean = text.trim();
    if (fact === 'module' || fact === 'registered as') setName(value, clean);
    else setText(value, clean);
  }

  #drawRelations(row: ActorRow): void {
    const ids = { 'linked to': row.links, monitors: row.monitors, 'monitored by': row.monitoredBy };
    for (const relation of RELATIONS) {
      const list = this.#relations.get(relation);
      if (list === undefined) continue;
      const key = ids[relation].join(' ');
      const section = list.parentElement;
      if (section !== null) section.hidden = key === '';
      if (list.dataset['key'] === key) continue;
      list.dataset['key'] = key;
      const { rows } = this.#desk.model;
      fill(list, ...ids[relation].slice(0, 100).map((id) => this.#link(id, rows.get(id)?.name ?? id)));
    }
  }

  #drawCrashes(row: ActorRow): void {
    const own = this.#desk.crashes.filter(
      ({ pid, label, path }) => pid === row.id || (label === row.name && this.#samePath(row, path)),
    );
    const all = own.length > 0 ? own : (this.#detail?.crashes ?? []);
    const key = all.map(({ id, decision }) => `${id}${decision}`).join(' ');
    if (this.#crashes.dataset['key'] === key) return;
    this.#crashes.dataset['key'] = key;
    this.#crashes.hidden = all.length === 0;
    const now = this.#desk.browser.now();
    const items = all
      .slice(0, 5)
      .map((crash) =>
        el(
          'li',
          '',
          el('strong', '', nameEl(crash.reason.split('\n')[0] ?? '')),
          el('span', 'muted', `${ago(crash.at, now)} · ${storyOf(crash)}`),
        ),
      );
    fill(this.#crashes, el('h3', '', `crashes (${count(all.length)})`), el('ul', '', ...items));
  }

  #samePath(row: ActorRow, path: readonly string[]): boolean {
    const above = this.#desk.model.pathOf(row.id);
    return above.length === path.length && above.every(({ name }, index) => name === path[index]);
  }

  #link(id: string, name: string): HTMLElement {
    const link = el('button', 'link', nameEl(name));
    link.type = 'button';
    link.title = id;
    link.addEventListener('click', () => this.#desk.reveal(id));
    return link;
  }
}

/** Of the mailbox that is full, 0 to 1; without a bound, of a thousand. */
function part({ mailbox }: ActorRow): number {
  const full = mailbox.length / (mailbox.max ?? 1_000);
  return mailbox.length === 0 ? 0 : Math.max(0.01, Math.min(1, full));
}

const together = (...parts: readonly string[]): string => parts.filter(Boolean).join(' · ');

const plain = (value: unknown): string =>
  typeof value === 'number'
    ? exact(value)
    : typeof value === 'string'
      ? value
      : (JSON.stringify(value) ?? '–');
