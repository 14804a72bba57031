// The form of a vector file: a comment, and cases that either succeed with `expected` or are refused with `code`.
import type { CryptoErrorCode } from '../../shared/crypto/errors.ts';

export interface VectorCase<Input, Expected> {
  readonly name: string;
  readonly input: Input;
  readonly expected?: Expected;
  readonly code?: CryptoErrorCode;
}

export interface VectorFile<Input, Expected> {
  readonly comment: string;
  readonly cases: readonly VectorCase<Input, Expected>[];
}

/** Where the file of that name lies. */
export function vectorUrl(name: string): URL {
  return new URL(`${name}.json`, import.meta.url);
}
