/** Integers of more than 32 bits: little-endian bytes and a sign. Pure. */

/** A number where that is exact, else a bigint. */
export function integerOf(
  bytes: Uint8Array,
  from: number,
  length: number,
  negative: boolean,
): number | bigint {
  // most are small: seven bytes hold what a number counts exactly, and more
  if (length <= 6) {
    let value = 0;
    for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[from + index]!;
    return negative && value !== 0 ? -value : value;
  }
  const digits = Buffer.from(bytes.subarray(from, from + length))
    .reverse()
    .toString('hex');
  const value = BigInt(`0x${digits}`);
  const signed = negative ? -value : value;
  const exact = Number(signed);
  return Number.isSafeInteger(exact) ? exact : signed;
}

/** Little-endian bytes of the absolute value, without leading zeros. */
export function bytesOf(value: bigint): Uint8Array {
  const digits = (value < 0n ? -value : value).toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').reverse();
}
