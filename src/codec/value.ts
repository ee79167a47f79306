/**
 * What a payload may hold: the one shape that both a local and a remote handler see.
 *
 * `undefined` does not exist on the wire; it becomes null on both paths. An integer outside
 * ±(2^53 - 1) is a bigint, every other one a number; -0 is 0. Objects have string keys only. No text or key begins
 * with U+FEFF.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | ValueMap;

export interface ValueMap {
  readonly [key: string]: Value;
}

/** Whether `value` is a map: neither scalar, nor bytes, nor array. */
export function isValueMap(value: Value | undefined): value is ValueMap {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/**
 * Gives a fresh object of ours one more property. Plain assignment is fast but asks the prototype first: a name
 * that `Object.prototype` holds (`toString`) is then refused when somebody froze it, and swallowed when somebody
 * put a setter there.
 */
export function setOwn(target: Record<string, Value>, key: string, value: Value): void {
  if (key in target) {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getterOf = (name: string): (() => unknown) => Object.getOwnPropertyDescriptor(typedArray, name)!.get!;
const bufferGetter = getterOf('buffer');
const byteOffsetGetter = getterOf('byteOffset');
const byteLengthGetter = getterOf('byteLength');

/** How many bytes `bytes` really has: a user's array may carry a `length` or `byteLength` of its own. */
export const byteLengthOf = (bytes: Uint8Array): number => byteLengthGetter.call(bytes) as number;

/** The same bytes as a plain `Uint8Array`, whatever class or properties a user's array has. */
export const plainView = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(
    bufferGetter.call(bytes) as ArrayBuffer,
    byteOffsetGetter.call(bytes) as number,
    byteLengthOf(bytes),
  );
