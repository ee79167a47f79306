/** The fields of a call's args, drawn: one for each property that the procedure's schema names. */
import { el, nameEl, setText } from './element.ts';
import { cleanName, cleanText } from './names.ts';
import { argsOf, typedInto, type Field, type Typed } from './schema-form.ts';

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class ArgsFields {
  readonly element: HTMLElement;
  readonly #fields: readonly Field[];
  readonly #controls: readonly Control[];
  readonly #errors: readonly HTMLElement[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
    this.#controls = fields.map(controlOf);
    this.#errors = fields.map(() => el('span', 'field-error'));
    const labels = fields.map((field, index) => {
      const control = this.#controls[index] ?? '';
      const name = el(
        'span',
        'field-name',
        nameEl(field.name),
        field.required ? '' : el('span', 'muted', ' optional'),
      );
      const about = field.about === '' ? undefined : el('span', 'muted field-about', cleanText(field.about));
      return el('label', 'field', name, control, about, this.#errors[index]);
    });
    this.element = el(
      'div',
      'fields',
      ...(labels.length === 0 ? [el('p', 'muted', 'It takes no arguments.')] : labels),
    );
  }

  get args(): Typed {
    const typed = new Map(this.#fields.map(({ name }, index) => [name, this.#controls[index]?.value ?? '']));
    const args = argsOf(this.#fields, typed);
    this.say(args.ok ? '' : args.field, args.ok ? '' : args.error);
    return args;
  }

  /** False: they cannot say it, and are as they were. */
  fill(args: unknown): boolean {
    const typed = typedInto(this.#fields, args);
    if (typed === undefined) return false;
    for (const [index, { name }] of this.#fields.entries()) {
      const control = this.#controls[index];
      if (control !== undefined) control.value = typed.get(name) ?? '';
    }
    return true;
  }

  /** What is wrong with a field; of all others nothing is. */
  say(field: string, error: string): void {
    for (const [index, { name }] of this.#fields.entries()) {
      const mark = this.#errors[index];
      if (mark === undefined) continue;
      const isIt = name === field && error !== '';
      setText(mark, isIt ? error : '');
      const control = this.#controls[index];
      if (control === undefined) continue;
      control.ariaInvalid = String(isIt);
      if (isIt) control.focus();
    }
  }
}

function controlOf(field: Field): Control {
  const control = emptyOf(field);
  control.value = field.initial;
  control.ariaLabel = cleanName(field.name);
  control.ariaRequired = String(field.required);
  return control;
}

function emptyOf({ kind, choices, required }: Field): Control {
  switch (kind) {
    case 'boolean':
      return selectOf([...(required ? [] : ['']), 'true', 'false'], (value) =>
        value === 'true' ? 'yes' : 'no',
      );
    case 'choice':
      return selectOf([...(required ? [] : ['']), ...choices], (json) => {
        const value: unknown = JSON.parse(json);
        return typeof value === 'string' ? value : json;
      });
    case 'json': {
      const area = el('textarea', 'input mono');
      area.rows = 2;
      area.spellcheck = false;
      return area;
    }
    default: {
      const input = el('input', 'input');
      input.spellcheck = false;
      input.autocomplete = 'off';
      if (kind !== 'text') input.inputMode = 'decimal';
      return input;
    }
  }
}

function selectOf(values: readonly string[], said: (value: string) => string): HTMLSelectElement {
  const select = el('select', 'input');
  for (const value of values) {
    const option = el('option', '', value === '' ? '–' : cleanName(said(value)));
    option.value = value;
    select.append(option);
  }
  return select;
}
