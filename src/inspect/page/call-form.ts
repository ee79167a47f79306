/** Try a call, when actions are on. */
import type { Desk } from './desk.ts';
import { confirm } from './dialog.ts';
import { el, fill, nameEl } from './element.ts';
import { duration } from './format.ts';
import { act } from './requests.ts';

const TIMEOUT = 5_000;

export class CallForm {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #procedure = el('input', 'input');
  readonly #args = el('textarea', 'input mono');
  readonly #result = el('div', 'call-result');

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#procedure.placeholder = 'calculator.compute';
    this.#procedure.ariaLabel = 'Procedure';
    this.#procedure.spellcheck = false;
    this.#args.value = '{}';
    this.#args.rows = 2;
    this.#args.ariaLabel = 'Arguments, as JSON';
    this.#args.spellcheck = false;
    const go = el('button', 'button', 'Call');
    go.type = 'submit';
    const form = el('form', 'call-form', this.#procedure, this.#args, go);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#call().catch(() => this.#show('bad', 'The call could not be sent.'));
    });
    this.#result.role = 'status';
    this.element = el('section', 'block', el('h3', '', 'try a call'), form, this.#result);
    this.update();
  }

  update(): void {
    this.element.hidden = !this.#desk.actions;
  }

  /** Which procedures there are. */
  offer(_rpc: unknown): void {}

  async #call(): Promise<void> {
    const procedure = this.#procedure.value.trim();
    if (procedure === '') return;
    let args: unknown;
    try {
      args = JSON.parse(this.#args.value);
    } catch {
      this.#show('bad', 'The arguments are no JSON.');
      return;
    }
    const text = [nameEl(procedure, 'strong'), ' will run with these arguments.'];
    if (!(await confirm('Call this procedure?', text, 'Call'))) return;
    this.#show('', 'Calling …');
    const begun = this.#desk.browser.now();
    const answer = await act({ action: 'call', procedure, args, timeoutMs: TIMEOUT }, TIMEOUT);
    const took = duration(this.#desk.browser.now() - begun);
    if (!answer.ok) this.#show('bad', answer.error);
    else if (answer.body.ok) this.#show('good', `${JSON.stringify(answer.body.value, null, 2)}`, took);
    else this.#show('bad', `${answer.body.error.tag}: ${answer.body.error.message}`, took);
  }

  #show(tone: string, text: string, took: string = ''): void {
    fill(this.#result, el('pre', `shown ${tone}`, text), el('span', 'muted', took));
  }
}
