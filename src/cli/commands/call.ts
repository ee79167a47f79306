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
import { usageError } from '../error-document.ts';
import { ExitCode, exitCodeOf } from '../exit-code.ts';
import { Interrupts } from '../interrupts.ts';
import { documentText, jsonText, parseValue, toJson } from '../json-value.ts';
import {
  addCommonOptions,
  jsonOption,
  milliseconds,
  nodeId,
  settingsOf,
  type CommonFlags,
} from '../options.ts';
import { print } from '../terminal.ts';

interface CallFlags extends CommonFlags {
  readonly timeout: number;
  readonly nodeId?: string;
  readonly idempotent?: boolean;
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
    .argument('<url>', 'a node, as https://127.0.0.1:9443')
    .argument('<procedure>', 'as calculator.compute')
    .argument('[json]', 'the arguments, a JSON object; - reads them from stdin (default: {})')
    .addOption(
      new Option('--timeout <ms>', 'for everything: connecting, the call, the answer')
        .argParser(milliseconds)
        .default(5_000)
        .env('ESPALIER_TIMEOUT'),
    )
    .addOption(
      new Option('--node-id <hex>', 'refuse any node but this one').argParser(nodeId).env('ESPALIER_NODE_ID'),
    )
    .addOption(new Option('--idempotent', 'the handler may run twice without harm'));
  addCommonOptions(command)
    .addOption(jsonOption('print one document: value, route, node and time, or the error'))
    .action((url: string, procedure: string, json: string | undefined, flags: CallFlags) =>
      conclude(flags.json === true, () => run(url, procedure, json, flags)),
    );
}

async function run(
  url: string,
  procedure: string,
  json: string | undefined,
  flags: CallFlags,
): Promise<ExitCode> {
  const interrupts = new Interrupts();
  try {
    const args = await argsOf(json, interrupts.signal);
    const { connect } = await import('../../node.ts');
    const deadline = systemClock.now() + flags.timeout;
    const client = await connect(url, {
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
      });
      return conclusion(
        { result, micros: Math.round((systemClock.now() - begun) * 1_000) },
        flags,
        interrupts,
      );
    } finally {
      await client.disconnect({ timeout: GOODBYE });
    }
  } catch (error) {
    // whatever a signal makes fail (reading, connecting) was cut off by it
    if (interrupts.received === undefined) throw error;
    report(interrupted(interrupts), flags.json === true);
    return ExitCode.interrupted;
  }
}

function conclusion({ result, micros }: Outcome, flags: CallFlags, interrupts: Interrupts): ExitCode {
  const json = flags.json === true;
  if (result.ok) {
    const { value, route, node } = result;
    print(json ? documentText({ ok: true, value: toJson(value), route, node, micros }) : jsonText(value));
    return ExitCode.ok;
  }
  if (interrupts.received !== undefined && result.error.failure.tag === 'canceled') {
    report(interrupted(interrupts), json);
    return ExitCode.interrupted;
  }
  const error = withWholeTimeout(result.error, flags);
  report(error, json);
  return exitCodeOf(error);
}

/** The user gave one budget, not what connecting left of it. */
function withWholeTimeout(error: RpcError, { timeout, idempotent = false }: CallFlags): RpcError {
  const { failure, procedure } = error;
  return failure.tag === 'timeout' ? new RpcError({ ...failure, timeout }, procedure, { idempotent }) : error;
}

const interrupted = (interrupts: Interrupts): RpcError =>
  new RpcError({ tag: 'canceled', detail: `interrupted by ${interrupts.received ?? 'a signal'}` });

async function argsOf(json: string | undefined, signal: AbortSignal): Promise<ValueMap> {
  if (json === undefined) return {};
  const text = json === '-' ? await textOf(addAbortSignal(signal, process.stdin)) : json;
  const parsed = parseValue(text);
  if (!parsed.ok) throw usageError('args', parsed.detail);
  if (!isValueMap(parsed.value)) throw usageError('args', 'must be a JSON object');
  return parsed.value;
}
