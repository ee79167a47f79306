/**
 * `espalier call`: one call, its value as JSON, its failure as an exit code.
 */
import { addAbortSignal } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { Option, type Command } from 'commander';
import { systemClock } from '../../actor/clock.ts';
import { isValueMap, type ValueMap } from '../../codec/value.ts';
import { RpcError, type Result } from '../../mesh/errors/rpc-error.ts';
import { conclude, report } from '../conclude.ts';
import { untilCutOff } from '../cut-off.ts';
import { usageError } from '../error-document.ts';
import { ExitCode, exitCodeOf } from '../exit-code.ts';
import { explainText } from '../explain-text.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText, jsonText, parseValue, toJson } from '../json-value.ts';
import {
  addCommonOptions,
  jsonOption,
  listOf,
  nodeIdOption,
  settingsOf,
  waitOption,
  type CommonFlags,
} from '../options.ts';
import { note, print } from '../terminal.ts';

interface CallFlags extends CommonFlags {
  readonly timeout: number;
  readonly nodeId?: string;
  readonly idempotent?: boolean;
  readonly explain?: boolean;
}

interface Outcome {
  readonly result: Result;
  /** Microseconds from the call to its outcome, without the connecting. */
  readonly micros: number;
}

/** For the goodbye: nothing of ours is in flight any more. Milliseconds. */
const GOODBYE = 1_000;

export function addCall(program: Command): void {
  const command = program
    .command('call')
    .description('call a procedure and print its value as JSON')
    .argument('<url>', 'a node, as https://127.0.0.1:9443; several stations with commas', listOf)
    .argument('<procedure>', 'as calculator.compute')
    .argument('[json]', 'the arguments, a JSON object; - reads them from stdin (default: {})')
    .addOption(waitOption('for everything: connecting, the call, the answer'))
    .addOption(nodeIdOption())
    .addOption(new Option('--idempotent', 'the handler may run twice without harm'))
    .addOption(new Option('--explain', 'tell how the provider was found, and who was tried'));
  addCommonOptions(command)
    .addOption(jsonOption('print one document: value, route, node and time, or the error'))
    .action((urls: readonly string[], procedure: string, json: string | undefined, flags: CallFlags) =>
      conclude(flags.json === true, () =>
        untilCutOff(flags.json === true, (interrupts) => run(urls, procedure, json, flags, interrupts)),
      ),
    );
}

async function run(
  urls: readonly string[],
  procedure: string,
  json: string | undefined,
  flags: CallFlags,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const args = await argsOf(json, interrupts.signal);
  const { connect } = await import('../../node.ts');
  const deadline = systemClock.now() + flags.timeout;
  const client = await connect(urls, {
    ...settingsOf(flags),
    timeout: flags.timeout,
    signal: interrupts.signal,
    ...(flags.nodeId === undefined ? {} : { nodeId: flags.nodeId }),
  });
  try {
    const begun = systemClock.now();
    const result = await client.tryCall(procedure, args, {
      timeout: Math.max(1, deadline - begun),
      signal: interrupts.signal,
      idempotent: flags.idempotent === true,
      explain: flags.explain === true,
    });
    return conclusion({ result, micros: Math.round((systemClock.now() - begun) * 1_000) }, flags, interrupts);
  } finally {
    await client.disconnect({ timeout: GOODBYE });
  }
}

function conclusion({ result, micros }: Outcome, flags: CallFlags, interrupts: Interrupts): ExitCode {
  const json = flags.json === true;
  const { explanation } = result;
  const besides = explanation === undefined ? {} : { explanation };
  if (result.ok) {
    const { value, route, node } = result;
    print(
      json
        ? documentText({ ok: true, value: toJson(value), route, node, micros, ...besides })
        : jsonText(value),
    );
  } else if (interrupts.received !== undefined && result.error.failure.tag === 'canceled') {
    throw result.error;
  } else report(withWholeTimeout(result.error, flags), json, besides);
  if (explanation !== undefined && !json) for (const line of explainText(explanation)) note(line);
  return result.ok ? ExitCode.ok : exitCodeOf(result.error);
}

/** The user gave one budget, not what connecting left of it. */
function withWholeTimeout(error: RpcError, { timeout, idempotent = false }: CallFlags): RpcError {
  const { failure, procedure } = error;
  return failure.tag === 'timeout' ? new RpcError({ ...failure, timeout }, procedure, { idempotent }) : error;
}

async function argsOf(json: string | undefined, signal: AbortSignal): Promise<ValueMap> {
  if (json === undefined) return {};
  const text = json === '-' ? await textOf(addAbortSignal(signal, process.stdin)) : json;
  const parsed = parseValue(text);
  if (!parsed.ok) throw usageError('args', parsed.detail);
  if (!isValueMap(parsed.value)) throw usageError('args', 'must be a JSON object');
  return parsed.value;
}
