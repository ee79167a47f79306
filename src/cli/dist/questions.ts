/**
 * What `espalier dist` asks of a node, and how the answers are printed: as Erlang writes them, or in one document of JSON.
 */
import { addAbortSignal } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { systemClock } from '../../actor/clock.ts';
import { atom, isAtom } from '../../codec/etf/atom.ts';
import { encodeTerm } from '../../codec/etf/encode.ts';
import { termText, type TextOptions } from '../../codec/etf/text.ts';
import { ErpcError } from '../../dist/erpc.ts';
import { NodePid } from '../../dist/node-pid.ts';
import { ExitError } from '../../otp/errors.ts';
import { strange } from '../ask.ts';
import { errorDocument, errorLine, usageError } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { clean, note, print } from '../terminal.ts';
import { DistError, ofErpc, ofExit } from './dist-error.ts';
import { listTermOf, termOf } from './term-argument.ts';
import { termToJson } from './term-json.ts';
import { visit, type Visit, type VisitFlags } from './visit.ts';

export interface SpawnFlags extends VisitFlags {
  readonly wait?: boolean;
}

interface Spawning {
  readonly node: string;
  readonly module: string;
  readonly name: string;
  /** A list, as text; undefined: none. */
  readonly args: string | undefined;
}

/** Processes of other nodes are written as what they travel as. */
const TEXT: TextOptions = {
  identities: { termOf: (value) => (value instanceof NodePid ? value.term : undefined) },
};

export async function ping(node: string, flags: VisitFlags, interrupts: Interrupts): Promise<ExitCode> {
  const begun = systemClock.now();
  try {
    const micros = await visit(node, flags, interrupts, () => Promise.resolve(microsSince(begun)));
    print(flags.json === true ? documentText({ ok: true, node, micros }) : 'pong');
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof DistError) || error.failure.tag !== 'noconnection') throw error;
    if (flags.json === true) print(documentText({ ok: false, error: errorDocument(error) }));
    else {
      print('pang');
      note(errorLine(error));
    }
    return ExitCode.failure;
  }
}

export async function nodes(node: string, flags: VisitFlags, interrupts: Interrupts): Promise<ExitCode> {
  const asked = { node, what: 'erlang:nodes/1', timeout: flags.timeout, text: TEXT };
  const { value, self } = await visit(node, flags, interrupts, async ({ dist, left, signal }) => ({
    value: await dist
      .erpc(node, 'erlang', 'nodes', [atom('connected')], { timeout: left(), signal })
      .catch(failed(asked)),
    self: dist.name,
  }));
  if (!Array.isArray(value) || !value.every((one) => isAtom(one))) throw strange();
  const others = value.map(({ name }) => name).filter((name) => name !== self);
  if (flags.json === true) print(documentText({ ok: true, node, nodes: others }));
  else {
    for (const name of others) print(clean(name));
    note(others.length === 0 ? 'it is connected to nobody else' : `${others.length} connected`);
  }
  return ExitCode.ok;
}

export async function call(
  { node, name, term: text }: { readonly node: string; readonly name: string; readonly term: string },
  flags: VisitFlags,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const term = termOf('term', await given(text, interrupts.signal));
  writable('term', term);
  if (!fitsAtom(name)) throw usageError('name', 'must have 1 to 255 characters');
  const asked = { node, what: name, timeout: flags.timeout, text: TEXT };
  return visit(node, flags, interrupts, async ({ dist, left, signal }) => {
    const begun = systemClock.now();
    const value = await dist.call(name, node, term, { timeout: left(), signal }).catch(failed(asked));
    return tell(value, { node, micros: microsSince(begun) }, flags);
  });
}

export async function spawn(
  { node, module, name, args: text = '[]' }: Spawning,
  flags: SpawnFlags,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const args = listTermOf('args', await given(text, interrupts.signal));
  writable('args', args);
  for (const [field, word] of Object.entries({ module, function: name }))
    if (!fitsAtom(word)) throw usageError(field, 'must have 1 to 255 characters');
  const asked = { node, what: `${module}:${name}/${args.length}`, timeout: flags.timeout, text: TEXT };
  return visit(node, flags, interrupts, async ({ dist, left, signal }: Visit) => {
    const options = { timeout: left(), signal };
    const begun = systemClock.now();
    if (flags.wait === true) {
      const value = await dist.erpc(node, module, name, args, options).catch(failed(asked));
      return tell(value, { node, micros: microsSince(begun) }, flags);
    }
    const pid = termText(await dist.spawn(node, module, name, args, options).catch(failed(asked)), TEXT);
    print(flags.json === true ? documentText({ ok: true, node, pid }) : clean(pid));
    return ExitCode.ok;
  });
}

/** The value that was asked for. */
function tell(value: unknown, besides: object, { json }: VisitFlags): ExitCode {
  const text = termText(value, TEXT);
  print(
    json === true
      ? documentText({ ok: true, value: termToJson(value, TEXT), term: text, ...besides })
      : clean(text),
  );
  return ExitCode.ok;
}

/** As `DistError`. */
const failed =
  (asked: Parameters<typeof ofExit>[1]) =>
  (error: unknown): never => {
    if (error instanceof ExitError) throw ofExit(error, asked);
    if (error instanceof ErpcError) throw ofErpc(error, asked);
    throw error;
  };

const given = async (text: string, signal: AbortSignal): Promise<string> =>
  text === '-' ? textOf(addAbortSignal(signal, process.stdin)) : text;

/** What Erlang has no term for is a mistake of whoever typed it. */
function writable(field: string, term: unknown): void {
  const encoded = encodeTerm(term);
  if (encoded.ok) return;
  const { reason, path } = encoded.error;
  throw usageError(field, `is no term of Erlang: ${reason} at ${path}`);
}

const fitsAtom = (name: string): boolean => name !== '' && Array.from(name).length <= 255;

const microsSince = (begun: number): number => Math.round((systemClock.now() - begun) * 1_000);
