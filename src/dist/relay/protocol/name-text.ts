/**
 * What control frames can name: a node, or the part before its `@`. Pure.
 *
 * Anything else is passed over by who reads it, and never answered (SPEC §11.1).
 */
import { Buffer } from 'node:buffer';
import { isWellFormedText } from '../../../codec/utf8.ts';

/** Bytes of the name of a node or realm. */
export const LONGEST_NAME = 255;

export const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);

export const isNameText = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= LONGEST_NAME && isWellFormedText(text) && !hasControls(text);
