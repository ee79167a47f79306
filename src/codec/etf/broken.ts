/** Unwinds the reader of terms. */
import type { EtfRule } from './limits.ts';

export class Broken extends Error {
  readonly rule: EtfRule;
  constructor(rule: EtfRule) {
    super(rule);
    this.rule = rule;
  }
}
