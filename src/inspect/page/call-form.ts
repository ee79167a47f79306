/**
 * Try a call, when actions are on: a form where the procedure's schema is known and a form can say it, else JSON.
 */
import { ArgsFields } from './args-fields.ts';
import type { Desk } from './desk.ts';
import { confirm } from './dialog.ts';
import { button, el, fill, nameEl, setText } from './element.ts';
import { duration } from './format.ts';
import { cleanName } from './names.ts';
import { Reader } from './reader.ts';
import { act, get } from './requests.ts';
import { fieldsOf } from './schema-form.ts';
import type { ProcedureFacts } from './wire.ts';

const TIMEOUT = 5_000;
/** Names that are offered. */
const OFFERED = 200;

export class CallForm {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #procedure = el('input', 'input');
  readonly #names = el('datalist');
  readonly #about = el('p', 'muted');
  readonly #room = el('div', 'call-args');
  readonly #json = el('textarea', 'input mono');
  readonly #switch: HTMLButtonElement;
  readonly #result = el('div', 'call-result');
  /** Undefined: there is none for this procedure. */
  #fields: ArgsFields | undefined;
  #asJson = true;
  /** Whose schema is asked for, or shown. */
  #asked = '';
  #offered = '';

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#names.id = 'procedures';
    this.#procedure.setAttribute('list', this.#names.id);
    this.#procedure.placeholder = 'calculator.compute';
    this.#procedure.ariaLabel = 'Procedure';
    this.#procedure.spellcheck = false;
    this.#procedure.addEventListener('change', () => this.#look());
    this.#json.value = '{}';
    this.#json.rows = 2;
    this.#json.ariaLabel = 'Arguments, as JSON';
    this.#json.spellcheck = false;
    const go = el('button', 'button', 'Call');
    go.type = 'submit';
    this.#switch = button('As JSON', 'button', () => this.#turn());
    const top = el('div', 'call-top', this.#procedure, this.#names, go, this.#switch);
    const form = el('form', 'call-form', top, this.#about, this.#room);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#call().catch(() => this.#show('bad', 'The call could not be sent.'));
    });
    this.#result.role = 'status';
    this.element = el('section', 'block', el('h3', '', 'Try a call'), form, this.#result);
    this.#draw();
    this.update();
  }

  update(): void {
    this.element.hidden = !this.#desk.actions;
  }

  /** Which procedures there are. */
  offer(rpc: unknown): void {
    if (!this.#desk.actions) return;
    const { rows } = new Reader(rpc).rows('procedures');
    const names = rows.slice(0, OFFERED).map((row) => row.text('procedure'));
    const now = names.join('\n');
    if (now === this.#offered) return;
    this.#offered = now;
    this.#names.replaceChildren(
      ...names.map((name) => {
        const option = el('option');
        option.value = cleanName(name, 255);
        return option;
      }),
    );
  }

  /** A procedure was named: its schema is asked for, and until it is there the args are JSON. */
  #look(): void {
    const procedure = this.#procedure.value.trim();
    if (procedure === this.#asked) return;
    this.#asked = procedure;
    this.#known(undefined);
    if (procedure === '') return;
    get<ProcedureFacts>(`/api/procedures/${encodeURIComponent(procedure)}`).then(
      (answer) => {
        if (this.#asked === procedure) this.#known(answer.ok ? answer.body : undefined);
      },
      () => undefined,
    );
  }

  #known(facts: ProcedureFacts | undefined): void {
    const fields = fieldsOf(facts?.args);
    this.#fields = fields === undefined ? undefined : new ArgsFields(fields);
    this.#asJson = this.#fields === undefined;
    const said = typeof facts?.description === 'string' ? facts.description : '';
    const noForm = facts !== undefined && fields === undefined ? 'Its arguments are written as JSON.' : '';
    setText(this.#about, [said, noForm].filter((each) => each !== '').join(' '));
    this.#draw();
  }

  /** To JSON and back; what was typed is taken along. */
  #turn(): void {
    const fields = this.#fields;
    if (fields === undefined) return;
    if (this.#asJson) {
      const args = this.#written();
      if (args === undefined) return;
      if (!fields.fill(args.value)) {
        this.#show('bad', 'The form has no room for these arguments: they stay JSON.');
        return;
      }
      this.#asJson = false;
    } else {
      const typed = fields.args;
      // what is not whole yet is left behind
      if (typed.ok) this.#json.value = JSON.stringify(typed.args, null, 2);
      this.#asJson = true;
    }
    this.#draw();
  }

  #draw(): void {
    const fields = this.#fields;
    this.#switch.hidden = fields === undefined;
    setText(this.#switch, this.#asJson ? 'As a form' : 'As JSON');
    const shown = this.#asJson || fields === undefined ? this.#json : fields.element;
    // who types into it goes on
    if (this.#room.firstElementChild !== shown) fill(this.#room, shown);
  }

  /** What stands in the field of JSON; undefined: none, and that is said. */
  #written(): { readonly value: unknown } | undefined {
    try {
      return { value: JSON.parse(this.#json.value) as unknown };
    } catch {
      this.#show('bad', 'The arguments are no JSON.');
      return undefined;
    }
  }

  #args(): { readonly value: unknown } | undefined {
    const fields = this.#fields;
    if (this.#asJson || fields === undefined) return this.#written();
    const typed = fields.args;
    return typed.ok ? { value: typed.args } : undefined;
  }

  async #call(): Promise<void> {
    const procedure = this.#procedure.value.trim();
    if (procedure === '') return;
    const args = this.#args();
    if (args === undefined) return;
    const text = [nameEl(procedure, 'strong'), ' will run with these arguments.'];
    if (!(await confirm('Call this procedure?', text, 'Call'))) return;
    this.#show('', 'Calling …');
    const begun = this.#desk.browser.now();
    const answer = await act({ action: 'call', procedure, args: args.value, timeoutMs: TIMEOUT }, TIMEOUT);
    const took = duration(this.#desk.browser.now() - begun);
    if (!answer.ok) this.#show('bad', answer.error);
    else if (answer.body.ok) this.#show('good', `${JSON.stringify(answer.body.value, null, 2)}`, took);
    else this.#show('bad', `${answer.body.error.tag}: ${answer.body.error.message}`, took);
  }

  #show(tone: string, text: string, took: string = ''): void {
    fill(this.#result, el('pre', `shown ${tone}`, text), el('span', 'muted', took));
  }
}
