/** What the node logs, as it comes. The last 2,000 lines are kept. */
import type { Change, Desk, Part } from './desk.ts';
import { button, el, fill, nameEl, setText } from './element.ts';
import { clockTime, exact } from './format.ts';
import { fieldsOf, isShown, keep, LEVELS, LOG_LINES } from './log-ring.ts';
import type { LogLine } from './wire.ts';

export class LogsTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #list = el('div', 'log');
  readonly #level = el('select', 'input small');
  readonly #words = el('input', 'input small');
  readonly #count = el('span', 'muted');
  readonly #none = el('p', 'muted none', 'No log lines yet: what the node logs from now on shows here.');
  #waiting: LogLine[] = [];
  #seen = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    for (const level of LEVELS.slice(1, 5)) {
      const option = el('option', '', level === 'debug' ? 'all levels' : `${level} and above`);
      option.value = level;
      this.#level.append(option);
    }
    this.#level.ariaLabel = 'Least level';
    this.#words.type = 'search';
    this.#words.placeholder = 'Words in a line';
    this.#words.ariaLabel = 'Words in a line';
    this.#level.addEventListener('change', () => this.#all());
    this.#words.addEventListener('input', () => this.#all());
    const clear = button('Clear', 'button small', () => {
      desk.logs.length = 0;
      this.#all();
    });
    this.#list.role = 'log';
    this.#list.tabIndex = 0;
    this.#list.ariaLabel = 'Log';
    const head = el(
      'header',
      'tab-head row-head',
      el('h2', '', 'Logs'),
      this.#count,
      this.#words,
      this.#level,
      clear,
    );
    this.element = el('div', 'tab log-tab', head, this.#list);
  }

  focus(): void {
    this.#list.focus();
  }

  show(): void {
    this.#seen = true;
    this.#all();
  }

  hide(): void {
    this.#seen = false;
    this.#waiting = [];
  }

  /** A line has come. It is drawn with the next frame, if somebody looks. */
  add(line: LogLine): void {
    keep(this.#desk.logs, line);
    if (!this.#seen) return;
    this.#waiting.push(line);
    if (this.#waiting.length > LOG_LINES) this.#waiting.shift();
    if (this.#waiting.length === 1) this.#desk.browser.frame(() => this.#more());
  }

  update(_change: Change): void {
    // lines come by themselves
  }

  #all(): void {
    this.#waiting = [];
    const lines = this.#desk.logs.filter((line) => this.#shows(line));
    fill(this.#list, ...(lines.length === 0 ? [this.#none] : lines.map(draw)));
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#tell();
  }

  #more(): void {
    const lines = this.#waiting.filter((line) => this.#shows(line));
    this.#waiting = [];
    if (lines.length > 0) {
      const list = this.#list;
      // who reads further up is not pulled away
      const end = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
      this.#none.remove();
      list.append(...lines.map(draw));
      while (list.childElementCount > LOG_LINES) list.firstElementChild?.remove();
      if (end) list.scrollTop = list.scrollHeight;
    }
    this.#tell();
  }

  #shows(line: LogLine): boolean {
    return isShown(line, this.#level.value, this.#words.value.trim());
  }

  #tell(): void {
    setText(this.#count, `${exact(this.#desk.logs.length)} lines`);
  }
}

function draw(line: LogLine): HTMLElement {
  const at = typeof line.time === 'number' ? clockTime(line.time) : line.time.slice(0, 40);
  const element = el(
    'div',
    'log-line',
    el('time', '', at),
    el('span', 'log-level', line.level.slice(0, 8)),
    nameEl(line.event ?? line.msg ?? '', 'log-event'),
    nameEl(fieldsOf(line).slice(0, 1_000) || ' ', 'log-fields'),
  );
  element.dataset['level'] = line.level;
  return element;
}
