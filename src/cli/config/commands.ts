/**
 * The commands that a config file has options for, and which of theirs. Pure.
 */
import { Option, type Command } from 'commander';

/** By their names, as they are typed: the sections of a config file. */
export const CONFIGURED = ['node', 'advertise', 'relay', 'dist bridge', 'inspect'] as const;

/** How one look at the output goes is said each time; and a config file cannot name another one. */
const NOT_CONFIGURED: ReadonlySet<string> = new Set([
  'json',
  'ndjson',
  'watch',
  'details',
  'crashes',
  'config',
]);

/** Options whose value is a secret: never shown, and not for a file that everybody reads. */
const SECRET: ReadonlySet<string> = new Set(['token']);

/** Must be given somewhere; commander would only look at flags and variables. */
const REQUIRED = new WeakSet<Option>();

/** Parsers of options that may be repeated: in a config file they have lists. */
const REPEATING = new WeakSet<object>();

export const configOption = (): Option =>
  new Option('--config <file>', 'options in a file: JSON, a section for each command').env('ESPALIER_CONFIG');

/** For an option that may also be in a config file, but must be somewhere. */
export function required(option: Option): Option {
  REQUIRED.add(option);
  return option;
}

export const isRequired = (option: Option): boolean => REQUIRED.has(option);

/** For a parser that adds to what it gave before. */
export function repeating<T>(parser: (text: string, before?: T) => T): (text: string, before?: T) => T {
  REPEATING.add(parser);
  return parser;
}

export const isRepeating = ({ parseArg }: Option): boolean =>
  parseArg !== undefined && REPEATING.has(parseArg);

export const isSecret = (option: Option): boolean => SECRET.has(option.attributeName());

/** Takes no value: it is on or off. */
export const isSwitch = (option: Option): boolean => !option.required && !option.optional;

/** `dist bridge` for the command of that name below `dist`. */
export function nameOf(command: Command): string {
  const names: string[] = [];
  let at = command;
  while (at.parent !== null) {
    names.unshift(at.name());
    at = at.parent;
  }
  return names.join(' ');
}

/** The command of that name. */
export function commandIn(program: Command, name: string): Command | undefined {
  let at: Command | undefined = program;
  for (const word of name.split(' ')) at = at?.commands.find((command) => command.name() === word);
  return at;
}

/** Those that may be in a config file, each of which also has a variable. */
export const optionsOf = (command: Command): readonly Option[] =>
  command.options.filter((option) => !NOT_CONFIGURED.has(option.attributeName()));

export const keysOf = (command: Command): readonly string[] => [
  ...new Set(optionsOf(command).map((option) => option.attributeName())),
];

/** What holds when nothing is said: the value, or what its description says of it. */
export function defaultOf({ defaultValue, description, negate, required: valued, optional }: Option): string {
  const value: unknown = defaultValue;
  // commander gives every --no-x this default
  if (value !== undefined && !negate) return String(value);
  const told = /\(default:? ([^)]*)\)/.exec(description)?.[1];
  if (told !== undefined) return told;
  if (valued || optional) return 'none';
  return negate ? 'true' : 'false';
}
