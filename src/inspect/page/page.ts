/**
 * The page: header, tabs, panel, and between them the line to the node.
 *
 * What comes is put into the model at once and drawn with the next frame: however much comes, a frame is drawn once.
 */
import { ActorsTab } from './actors-tab.ts';
import { Banner } from './banner.ts';
import type { Browser } from './browser.ts';
import { decisionOf, mergeCrashes, whoCrashed } from './crash-story.ts';
import { CrashesTab } from './crashes-tab.ts';
import { DATA_TABS } from './data-tabs.ts';
import { DataTab } from './data-tab.ts';
import { Desk, EVERYTHING, type Change, type Part } from './desk.ts';
import { toggleHelp } from './dialog.ts';
import { Header } from './header.ts';
import { onKey } from './key.ts';
import { commandOf, TABS, type TabName } from './keys.ts';
import { LogsTab } from './logs-tab.ts';
import { cleanName } from './names.ts';
import { Panel } from './panel.ts';
import { get } from './requests.ts';
import { Stream } from './stream.ts';
import { Toasts } from './toasts.ts';
import { TraceTab } from './trace-tab.ts';
import { TreeTab } from './tree-tab.ts';
import { crowds } from './visible-rows.ts';
import type { Applied } from './tree-model.ts';
import type { Crash, Delta, NodeFacts, Tree } from './wire.ts';

/** Crashes shown, as many as the node keeps. */
const CRASHES = 200;

export class Page {
  readonly #browser: Browser;
  readonly #desk: Desk;
  readonly #stream: Stream;
  readonly #tabs: Readonly<Record<TabName, Part>>;
  readonly #crashes: CrashesTab;
  readonly #logs: LogsTab;
  readonly #header: Header;
  readonly #panel: Panel;
  readonly #banner: Banner;
  readonly #toasts: Toasts;
  readonly #main: HTMLElement;
  #tab: TabName = 'tree';
  #change: { -readonly [Key in keyof Change]?: Change[Key] } | undefined;
  #unseen = 0;

  constructor(browser: Browser, root: HTMLElement) {
    this.#browser = browser;
    const desk = new Desk(browser, (change) => this.#changed(change));
    this.#desk = desk;
    this.#stream = new Stream(browser, {
      node: (facts) => this.#node(facts),
      snapshot: (tree) => this.#snapshot(tree),
      delta: (delta) => this.#delta(delta),
      crash: (crash) => this.#crash(crash),
      log: (line) => this.#logs.add(line),
      lost: (lines) => desk.say(`${lines} crashes and log lines were left out: this page was too slow`),
      state: (state) => {
        desk.paused = state.tag === 'paused';
        this.#banner.show(state);
        this.#header.paused(desk.paused);
      },
    });
    this.#crashes = new CrashesTab(desk);
    this.#logs = new LogsTab(desk);
    this.#tabs = {
      tree: new TreeTab(desk),
      actors: new ActorsTab(desk),
      crashes: this.#crashes,
      rpc: new DataTab(desk, DATA_TABS.rpc),
      dht: new DataTab(desk, DATA_TABS.dht),
      peers: new DataTab(desk, DATA_TABS.peers),
      relay: new DataTab(desk, DATA_TABS.relay),
      dist: new DataTab(desk, DATA_TABS.dist),
      trace: new TraceTab(desk),
      logs: this.#logs,
    };
    this.#panel = new Panel(desk);
    this.#banner = new Banner(browser, () => this.#stream.again());
    this.#toasts = new Toasts(browser);
    this.#header = new Header(desk, this.#banner.word, {
      pause: () => this.#pause(),
      tab: (name) => this.#open(name),
      interval: (ms) => {
        this.#stream.interval = ms;
        if (!desk.paused) this.#stream.again();
      },
      leave: () => this.#tabs[this.#tab].focus?.(),
    });
    desk.open = (name) => this.#open(name);
    desk.say = (text, grave) => this.#toasts.say(text, grave);
    desk.toPanel = () => this.#panel.focus();
    this.#main = document.createElement('main');
    for (const name of TABS) {
      const { element } = this.#tabs[name];
      element.id = `tab-${name}`;
      element.role = 'tabpanel';
      element.setAttribute('aria-labelledby', `tab-button-${name}`);
      element.hidden = name !== this.#tab;
      this.#main.append(element);
    }
    const body = document.createElement('div');
    body.className = 'body';
    body.append(this.#main, this.#panel.element);
    root.replaceChildren(this.#header.element, this.#banner.element, body, this.#toasts.element);
    document.addEventListener('keydown', (event) => this.#key(event));
    window.addEventListener('hashchange', () => this.#fromAddress());
  }

  start(): void {
    this.#fromAddress();
    this.#changed(EVERYTHING);
    onKey(() => this.#stream.admitted());
    this.#stream.again();
    this.#tick();
  }

  #tick(): void {
    this.#banner.tick();
    this.#panel.tick();
    this.#header.tick();
    this.#browser.after(1_000, () => this.#tick());
  }

  #node(facts: NodeFacts): void {
    const { node } = this.#desk;
    const other = node === undefined || node.startedAt !== facts.startedAt || node.id !== facts.id;
    this.#desk.node = facts;
    this.#changed({ node: true });
    if (node !== undefined && other) this.#toasts.say('The node was started again');
    get<{ readonly crashes: readonly Crash[] }>('/api/crashes').then(
      (answer) => {
        if (!answer.ok) return;
        this.#desk.crashes = mergeCrashes(other ? [] : this.#desk.crashes, answer.body.crashes, CRASHES);
        this.#changed({ crashes: true });
      },
      () => undefined,
    );
  }

  #snapshot(tree: Tree): void {
    const { model, folded, known } = this.#desk;
    this.#applied(model.reset(tree));
    if (!known) for (const id of crowds(model)) folded.add(id);
    for (const id of folded) if (!model.rows.has(id)) folded.delete(id);
    this.#desk.known = true;
    if (this.#desk.selected === undefined) this.#desk.select(model.roots[0]);
  }

  #delta(delta: Delta): boolean {
    const applied = this.#desk.model.apply(delta);
    if (applied !== undefined) this.#applied(applied);
    return applied !== undefined;
  }

  #applied({ structure, touched, restarted, successors }: Applied): void {
    const { selected, folded } = this.#desk;
    if (structure || this.#desk.test !== undefined) this.#desk.stale();
    for (const [before, now] of successors) if (folded.delete(before)) folded.add(now);
    const next = selected === undefined ? undefined : successors.get(selected);
    if (next !== undefined) this.#desk.select(next);
    this.#changed({ structure: structure || this.#desk.test !== undefined, touched, restarted });
  }

  #crash(crash: Crash): void {
    const { crashes } = this.#desk;
    const known = crashes.some(({ id }) => id === crash.id);
    this.#desk.crashes = mergeCrashes(crashes, [crash], CRASHES);
    this.#changed({ crashes: true });
    if (known) return;
    if (this.#tab !== 'crashes') this.#unseen += 1;
    this.#header.crashes(this.#unseen);
    const what = crash.decision === undefined ? '' : `, ${decisionOf(crash)}`;
    this.#toasts.say(`${cleanName(whoCrashed(crash), 40)} crashed${what}`, true, () => {
      this.#open('crashes');
      this.#crashes.choose(crash.id);
    });
  }

  #open(name: TabName): void {
    if (name !== this.#tab) {
      const before = this.#tabs[this.#tab];
      before.hide?.();
      before.element.hidden = true;
      this.#tab = name;
      this.#tabs[name].element.hidden = false;
      this.#tabs[name].show?.();
      this.#tabs[name].update(EVERYTHING);
      history.replaceState(null, '', `#${name}`);
    }
    if (name === 'crashes') {
      this.#unseen = 0;
      this.#header.crashes(0);
    }
    this.#header.chosen(name);
  }

  #fromAddress(): void {
    const name = TABS.find((each) => each === location.hash.slice(1));
    this.#open(name ?? this.#tab);
  }

  #pause(): void {
    if (this.#desk.paused) this.#stream.again();
    else this.#stream.pause();
  }

  #changed(change: Partial<Change>): void {
    if (this.#change === undefined) {
      this.#change = {};
      this.#browser.frame(() => this.#draw());
    }
    const all = this.#change;
    for (const key of ['structure', 'selection', 'crashes', 'node'] as const) {
      if (change[key] === true) all[key] = true;
    }
    for (const key of ['touched', 'restarted'] as const) {
      const more = change[key];
      if (more === undefined || more.size === 0) continue;
      all[key] = all[key] === undefined ? more : new Set([...all[key], ...more]);
    }
  }

  #draw(): void {
    const change: Change = {
      structure: false,
      selection: false,
      crashes: false,
      node: false,
      touched: EVERYTHING.touched,
      restarted: EVERYTHING.restarted,
      ...this.#change,
    };
    this.#change = undefined;
    this.#header.update(change);
    this.#tabs[this.#tab].update(change);
    this.#panel.update(change);
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches('input:not([type=checkbox]), textarea, select');
    const command = commandOf(event, typing);
    // an open dialog has the keys
    if (command === undefined || (document.querySelector('dialog[open]') !== null && command.tag !== 'help'))
      return;
    event.preventDefault();
    switch (command.tag) {
      case 'tab':
        this.#open(command.name);
        this.#tabs[command.name].focus?.();
        return;
      case 'filter':
        this.#header.focusFilter();
        return;
      case 'pause':
        this.#pause();
        return;
      case 'help':
        toggleHelp();
        return;
      case 'escape':
        if (this.#desk.typed !== '') this.#header.clearFilter();
        this.#tabs[this.#tab].focus?.();
    }
  }
}
