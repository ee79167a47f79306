/**
 * The servers of one name on several nodes, asked or told at once: `gen_server:multi_call/4` and `abcast/3`.
 *
 * One that is slow or gone holds up nobody: it is among the bad nodes. Source: Erlang/OTP `gen_server`.
 */
import { wrongArgument } from '../otp/arguments.ts';
import { isNodeName } from './node-name.ts';

/** Each node once, in the order in which they were given. */
export interface MultiReply {
  readonly replies: readonly (readonly [node: string, reply: unknown])[];
  /** Those without an answer: no such process, out of reach, too late, a crash. */
  readonly bad: readonly string[];
}

/** @param call asks one of them. */
export async function multiCall(
  nodes: readonly string[],
  call: (node: string) => Promise<unknown>,
): Promise<MultiReply> {
  const asked = [...checkedNodes(nodes)];
  const answers = await Promise.allSettled(asked.map((node) => call(node)));
  const replies: [string, unknown][] = [];
  const bad: string[] = [];
  for (const [at, answer] of answers.entries()) {
    const node = asked[at] as string;
    if (answer.status === 'fulfilled') replies.push([node, answer.value]);
    else if (answer.reason instanceof TypeError || answer.reason instanceof RangeError) throw answer.reason;
    else bad.push(node);
  }
  return { replies, bad };
}

/** Each once. Throws a `TypeError` for what is no list of names. */
export function checkedNodes(nodes: readonly string[]): ReadonlySet<string> {
  const given: unknown = nodes;
  if (!Array.isArray(given)) throw wrongArgument('nodes', 'an array of node names', given);
  for (const node of given as readonly unknown[])
    if (typeof node !== 'string' || !isNodeName(node)) throw wrongArgument('nodes', 'names of nodes', node);
  return new Set(nodes);
}
