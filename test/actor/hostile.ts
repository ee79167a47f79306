/** Values that user code may throw and that bite whoever looks at them. */
const bite = (): never => {
  throw new Error('bite');
};

const biting: ProxyHandler<object> = {
  get: bite,
  has: bite,
  ownKeys: bite,
  getPrototypeOf: bite,
  getOwnPropertyDescriptor: bite,
};

export function hostileValues(): readonly (readonly [name: string, value: unknown])[] {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const revokedArray = Proxy.revocable([], {});
  revokedArray.revoke();
  const evilError = new Error('x');
  Object.defineProperty(evilError, 'stack', { get: bite });
  Object.defineProperty(evilError, 'message', { get: bite });
  return [
    ['null', null],
    ['undefined', undefined],
    ['a symbol', Symbol('s')],
    ['a bigint', 2n ** 70n],
    ['NaN', Number.NaN],
    ['a function', () => 1],
    ['a class', class A {}],
    ['circular', circular],
    ['a biting proxy', new Proxy({}, biting)],
    ['a biting function', new Proxy(() => {}, { ...biting, apply: bite })],
    ['a revoked proxy', revoked.proxy],
    ['a revoked array', revokedArray.proxy],
    ['a throwing getter', Object.defineProperty({}, 'x', { enumerable: true, get: bite })],
    ['a throwing shutdown', Object.defineProperty({}, 'shutdown', { enumerable: true, get: bite })],
    ['an evil error', evilError],
    ['a throwing toString', { toString: bite, valueOf: bite, [Symbol.toPrimitive]: bite }],
    ['a throwing toJSON', { toJSON: bite }],
    ['a thenable', { then: bite }],
    ['no prototype', Object.create(null)],
    ['control characters', 'a\nb\r\u0000\u2028\u001b[31m'],
    ['a lone surrogate', '\ud800'],
    ['an endless text', 'x'.repeat(1_000_000)],
    ['nested', { shutdown: { shutdown: { shutdown: { shutdown: new Proxy({}, biting) } } } }],
  ];
}
