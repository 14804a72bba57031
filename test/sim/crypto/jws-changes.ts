// What may happen to a compact JWS, a statement or a token, on its way.
import { changedPart } from './cases.ts';

export const unchanged = (jws: string): string => jws;

/** Leaves no JWS of the algorithm that is asked for. */
export const NO_JWS: Readonly<Record<string, (jws: string) => string>> = {
  'that is empty': () => '',
  'of dots': () => '..',
  'without its signature': (jws) => jws.slice(0, jws.lastIndexOf('.')),
  'with a part more': (jws) => `${jws}.AAAA`,
  'with two parts more': (jws) => `${jws}.AAAA.AAAA`,
  'with padding': (jws) => `${jws}=`,
  'with a line break after it': (jws) => `${jws}\n`,
  'with a space in its signature': (jws) => `${jws.slice(0, -4)} ${jws.slice(-4)}`,
  'whose header is no JSON': (jws) => jws.slice(jws.indexOf('.')).padStart(jws.length, 'A'),
  'that nobody signed': (jws) => withHeader(jws, { alg: 'none' }),
  'of another algorithm': (jws) => withHeader(jws, { alg: 'HS256' }),
  'that asks for an extension': (jws) => withHeader(jws, { crit: ['unknown'], unknown: 1 }),
};

/** Leaves a JWS that the key did not sign. */
export const NOT_SIGNED: Readonly<Record<string, (jws: string) => string>> = {
  'with another signature': (jws) => changedPart(jws, 2),
  'with an empty signature': (jws) => jws.slice(0, jws.lastIndexOf('.') + 1),
  'with another payload': (jws) => withPayload(jws, { challenge: 'another' }),
  'with another header': (jws) => withHeader(jws, { typ: 'another' }),
};

export function withHeader(jws: string, change: object): string {
  const [header = '', ...rest] = jws.split('.');
  const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...change };
  return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...rest].join('.');
}

export function withPayload(jws: string, payload: object): string {
  return jws
    .split('.')
    .with(1, Buffer.from(JSON.stringify(payload)).toString('base64url'))
    .join('.');
}
