/** What the tests use of the package, which has no types of its own. */
declare module 'erlang_js' {
  type Callback<T> = (error: Error | undefined, value: T) => void;

  class OtpErlangAtom {
    readonly value: string;
    readonly utf8: boolean;
    constructor(value: string, utf8?: boolean);
  }
  class OtpErlangBinary {
    readonly value: Buffer;
    readonly bits: number;
    constructor(value: Buffer, bits?: number);
  }
  class OtpErlangList {
    /** Of an improper one the last is the tail. */
    readonly value: readonly unknown[];
    readonly improper: boolean;
    constructor(value: readonly unknown[], improper?: boolean);
  }
  class OtpErlangMap {
    readonly value: ReadonlyMap<unknown, unknown>;
  }
  class OtpErlangPid {
    readonly node: OtpErlangAtom;
    readonly id: Buffer;
    readonly serial: Buffer;
    readonly creation: Buffer;
  }
  class OtpErlangPort {
    readonly node: OtpErlangAtom;
    readonly id: Buffer;
    readonly creation: Buffer;
  }
  class OtpErlangReference {
    readonly node: OtpErlangAtom;
    readonly id: Buffer;
    readonly creation: Buffer;
  }
  class OtpErlangFunction {
    readonly tag: number;
    readonly value: Buffer;
  }

  const Erlang: {
    readonly OtpErlangAtom: typeof OtpErlangAtom;
    readonly OtpErlangBinary: typeof OtpErlangBinary;
    readonly OtpErlangList: typeof OtpErlangList;
    readonly OtpErlangMap: typeof OtpErlangMap;
    readonly OtpErlangPid: typeof OtpErlangPid;
    readonly OtpErlangPort: typeof OtpErlangPort;
    readonly OtpErlangReference: typeof OtpErlangReference;
    readonly OtpErlangFunction: typeof OtpErlangFunction;
    binary_to_term(bytes: Buffer, callback: Callback<unknown>): void;
    term_to_binary(term: unknown, callback: Callback<Buffer>, compressed?: boolean | number): void;
  };

  const library: { readonly Erlang: typeof Erlang };
  export default library;
}
