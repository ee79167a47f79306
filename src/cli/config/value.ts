/**
 * The value of one option from the environment or a config file. Pure.
 */
import { InvalidArgumentError, type Option } from 'commander';
import { isRepeating, isSwitch } from './commands.ts';
import { switchOf, SWITCH_RULE } from './environment.ts';

export type OptionValue =
  | { readonly ok: true; readonly value: unknown }
  /** A sentence. */
  | { readonly ok: false; readonly detail: string };

/** Of a variable, which is not empty. */
export function fromVariable(option: Option, text: string): OptionValue {
  if (isSwitch(option)) {
    const on = switchOf(text);
    return on === undefined ? refused(SWITCH_RULE) : { ok: true, value: on };
  }
  return option.optional && /^(?:true|false)$/i.test(text)
    ? present(text.toLowerCase() === 'true')
    : parsed(option, [text]);
}

/** Of a key in a config file: switches are true or false, numbers may be without quotes, what may be repeated is a list. */
export function fromFile(option: Option, given: unknown): OptionValue {
  if (isSwitch(option)) {
    return typeof given === 'boolean' ? { ok: true, value: given } : refused('It must be true or false.');
  }
  if (option.optional && typeof given === 'boolean') return present(given);
  const texts = Array.isArray(given) ? given : [given];
  if (Array.isArray(given) && !isRepeating(option)) return refused('It must be one value, not a list.');
  if (texts.length === 0) return refused('It must not be an empty list.');
  if (!texts.every((text) => typeof text === 'string' || typeof text === 'number'))
    return refused(
      isRepeating(option) ? 'It must be a string, or a list of them.' : 'It must be a string or a number.',
    );
  return parsed(option, texts.map(String));
}

/** Of an option whose value may be left out: on without one, or as if nothing was said. */
const present = (on: boolean): OptionValue => ({ ok: true, value: on ? true : undefined });

function parsed(option: Option, texts: readonly string[]): OptionValue {
  const { parseArg } = option;
  let value: unknown;
  try {
    for (const text of texts) value = parseArg === undefined ? text : parseArg(text, value);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return refused(error.message);
    throw error;
  }
  return { ok: true, value };
}

const refused = (detail: string): OptionValue => ({ ok: false, detail });
