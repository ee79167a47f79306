/**
 * Where output goes: data to stdout, messages to stderr, colors only where they are welcome.
 *
 * A reader that went away (`| head -1`) is no error. A stdout that cannot be written (a full disk) is: the
 * command then exits with 1.
 */
import { ExitCode } from './exit-code.ts';

export type Paint = 'ok' | 'warn' | 'fail' | 'dim' | 'bold';

const CODES: Readonly<Record<Paint, string>> = { ok: '32', warn: '33', fail: '31', dim: '2', bold: '1' };

const output: { failed: boolean } = { failed: false };

/** Whether data was lost because stdout refused it. */
export const outputFailed = (): boolean => output.failed;

/** Listens for write errors, which would otherwise be uncaught. */
export function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    output.failed = true;
    process.exitCode = ExitCode.failure;
    note(`espalier: cannot write to stdout: ${error.message}`);
  });
  process.stderr.on('error', () => {
    // nowhere left to say so
  });
}

/** One line of data. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line for people; `lead` is ours and may have colors. */
export function note(line: string, lead = ''): void {
  process.stderr.write(`${lead}${clean(line)}\n`);
}

/** `text` in color, where the stream is a terminal or FORCE_COLOR asks for it and NO_COLOR does not forbid it. */
export function paint(kind: Paint, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return colorful(process.env, stream.isTTY) ? `\u001b[${CODES[kind]}m${text}\u001b[0m` : text;
}

/** A line in pieces, each with its color. */
export const painted = (line: readonly { readonly text: string; readonly style?: Paint }[]): string =>
  line.map(({ text, style }) => (style === undefined ? text : paint(style, text))).join('');

/** NO_COLOR wins over FORCE_COLOR; empty is the same as absent (no-color.org). */
export function colorful(env: Readonly<NodeJS.ProcessEnv>, terminal: boolean): boolean {
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0';
  return terminal && env['TERM'] !== 'dumb';
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** Replaces what could steer a terminal: messages may hold text of peers. Line ends and tabs stay. */
export const clean = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
