/**
 * A tree snapshot as text, for terminals and logs. Pure. Names are escaped and cut: they may come from peers.
 */
import type { ActorNode, TreeSnapshot } from './snapshot.ts';

export interface TextOptions {
  /** Levels below the root. Default all. */
  readonly depth?: number;
  /** Children shown per actor; the rest is counted. Default 32. */
  readonly width?: number;
}

/** Longest name shown, in characters. */
const NAME_LIMIT = 64;

export function renderTree(tree: TreeSnapshot, options: TextOptions = {}): string {
  const { depth = Infinity, width = 32 } = options;
  const lines = [line(tree.root)];
  const walk = (node: ActorNode, indent: string, left: number): void => {
    if (left === 0) return;
    const shown = node.children.slice(0, width);
    const rest = node.children.length - shown.length;
    shown.forEach((child, index) => {
      const last = index === shown.length - 1 && rest === 0;
      lines.push(`${indent}${last ? '└─ ' : '├─ '}${line(child)}`);
      walk(child, indent + (last ? '   ' : '│  '), left - 1);
    });
    if (rest > 0) lines.push(`${indent}└─ … ${rest} more`);
  };
  walk(tree.root, '', depth);
  return lines.join('\n');
}

function line(node: ActorNode): string {
  const { details = {}, mailbox, counters } = node;
  const facts = [node.type];
  if (typeof details['strategy'] === 'string' && 'intensity' in details) {
    facts.push(
      `${details['strategy']} ${String(details['intensity'])}/${Number(details['period']) / 1_000}s`,
    );
  }
  if ('served' in details) {
    facts.push(
      `running ${String(details['running'])}`,
      `served ${String(details['served'])}`,
      `crashed ${String(details['crashed'])}`,
    );
  }
  if (node.status !== 'running') facts.push(node.status);
  if (mailbox.length > 0) facts.push(`mailbox ${mailbox.length}`);
  if (mailbox.dropped > 0) facts.push(`dropped ${mailbox.dropped}`);
  if (counters.restarts > 0) facts.push(`restarts ${counters.restarts}`);
  return `${node.id} ${clean(node.name)} (${facts.join(', ')})`;
}

function clean(name: string): string {
  // eslint-disable-next-line no-control-regex -- control and direction characters must not reach a terminal
  const safe = name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/gu, '�');
  return safe.length > NAME_LIMIT ? `${safe.slice(0, NAME_LIMIT)}…` : safe;
}
