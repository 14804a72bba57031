// Keys that come and go, and an Entra ID that does not answer: who is let in meanwhile, and how often it is asked.
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from '../../shared/adapters/manual-clock.ts';
import type { ManualClock } from '../../shared/adapters/manual-clock.ts';
import type { Instant } from '../../shared/domain/instant.ts';
import { SignInUnavailable } from '../../shared/ports/people-authenticator.ts';
import type { PeopleAuthenticator } from '../../shared/ports/people-authenticator.ts';
import { answerJson, newSigningKey, publishedKey, startEntraIssuer } from './entra-issuer.ts';
import type { EntraIssuer } from './entra-issuer.ts';

const DAY_SECONDS = 86_400;
const [newKey, strangeKey] = [newSigningKey(), newSigningKey()];

let clock: ManualClock;
let entra: EntraIssuer;
let people: PeopleAuthenticator;
beforeEach(async () => {
  clock = manualClock('2026-11-22T00:00:00Z' as Instant);
  entra = await startEntraIssuer(clock);
  people = entra.authenticator({ fetchMillisecondsMax: 200 });
});
afterEach(() => entra.stop());

type Outcome = 'let in' | 'refused' | `wait ${number} s`;

/** What becomes of a new token, by the tenant's first key unless another is given. */
async function signIn(key = entra.keys[0]): Promise<Outcome> {
  try {
    const person = await people.authenticate(await entra.token({}, key && { key }));
    return person === null ? 'refused' : 'let in';
  } catch (error) {
    if (!(error instanceof SignInUnavailable)) throw error;
    return `wait ${error.afterSeconds} s`;
  }
}

describe('the keys', () => {
  test('are not asked for before somebody signs in, then once, by however many', async () => {
    expect(entra.fetches).toBe(0);
    expect(await Promise.all(Array.from({ length: 20 }, () => signIn()))).toEqual(Array(20).fill('let in'));
    expect(entra.fetches).toBe(1);
  });

  test('are not asked for by what does not say that it is of this tenant', async () => {
    for (const iss of ['https://sts.windows.net/x/', undefined]) {
      expect(await people.authenticate(await entra.token({ iss }))).toBeNull();
    }
    expect(await people.authenticate(await entra.token({}, { header: { alg: 'PS256' } }))).toBeNull();
    expect(await people.authenticate('garbage')).toBeNull();
    expect(entra.fetches).toBe(0);
  });

  test('are asked for again after an hour', async () => {
    await signIn();
    clock.advanceSeconds(3599);
    await signIn();
    expect(entra.fetches).toBe(1);
    clock.advanceSeconds(1);
    await signIn();
    expect(entra.fetches).toBe(2);
  });

  test('are asked for again when the clock was set back', async () => {
    await signIn();
    clock.advanceSeconds(-1);
    await signIn();
    expect(entra.fetches).toBe(2);
  });

  test('that are of another kind or too short are passed over', async () => {
    entra.answers = (_, response) =>
      answerJson(response, {
        keys: [
          { kty: 'EC', crv: 'P-256', kid: 'e', x: 'x', y: 'y' },
          { ...publishedKey(strangeKey), use: 'enc' },
          { ...publishedKey(newKey), n: 'AQAB' },
          null,
          ...entra.keys.map(publishedKey),
        ],
      });
    expect(await signIn()).toBe('let in');
    clock.advanceSeconds(60);
    expect(await signIn(strangeKey)).toBe('refused');
    expect(await signIn(newKey)).toBe('refused');
  });
});

describe('a roll-over', () => {
  test('is noticed at the first token by a new key, and the old one goes on', async () => {
    const [old] = entra.keys;
    await signIn();
    entra.keys = [newKey, ...entra.keys];
    clock.advanceSeconds(30);
    expect([await signIn(newKey), await signIn(old)]).toEqual(['let in', 'let in']);
    expect(entra.fetches).toBe(2);
  });

  test('within half a minute of a fetch waits for the rest of it', async () => {
    await signIn();
    entra.keys = [newKey];
    clock.advanceSeconds(29);
    expect(await signIn()).toBe('refused');
    clock.advanceSeconds(1);
    expect(await signIn()).toBe('let in');
  });

  test('that withdraws a key has its tokens refused within the hour, remembered ones too', async () => {
    const token = await entra.token();
    expect(await people.authenticate(token)).not.toBeNull();
    entra.keys = [newKey];
    clock.advanceSeconds(3599);
    expect(await people.authenticate(token)).not.toBeNull();
    clock.advanceSeconds(1);
    expect(await people.authenticate(token)).toBeNull();
  });
});

test('a key that takes the name of another has its tokens refused, remembered ones too', async () => {
  const [old] = entra.keys;
  const token = await entra.token();
  expect(await people.authenticate(token)).not.toBeNull();
  entra.keys = [{ ...newKey, kid: old?.kid ?? '' }];
  clock.advanceSeconds(3600);
  expect(await people.authenticate(token)).toBeNull();
});

describe('a flood of tokens by made-up keys', () => {
  test('has the keys fetched twice a minute, and nobody else notices', async () => {
    await signIn();
    for (let second = 0; second < 120; second += 5) {
      clock.advanceSeconds(5);
      const flood = Array.from({ length: 10 }, () => signIn(strangeKey));
      expect(await Promise.all([...flood, signIn()])).toEqual([...flood.map(() => 'refused'), 'let in']);
    }
    expect(entra.fetches).toBe(1 + 4);
  });

  test('is told to wait while Entra ID is down, and asks no more often', async () => {
    await signIn();
    entra.answers = (_, response) => response.writeHead(503).end();
    for (let second = 0; second < 120; second += 5) {
      clock.advanceSeconds(5);
      const told = second < 25 ? 'refused' : `wait ${30 - ((second - 25) % 30)} s`;
      for (let call = 0; call < 10; call++) expect(await signIn(strangeKey)).toBe(told);
      expect(await signIn()).toBe('let in');
    }
    expect(entra.fetches).toBe(1 + 4);
  });
});

/** Good keys, by an answer that is not to be taken for them. */
function keysWith(status: number): RequestListener {
  return (_, response) => answerJson(response, { keys: entra.keys.map(publishedKey) }, status);
}

const movedKeys: RequestListener = (request, response) => {
  if (request.url?.endsWith('?moved') === true) return keysWith(200)(request, response);
  response.writeHead(302, { location: `${request.url}?moved` }).end();
};

const FAILURES: [string, RequestListener][] = [
  ['is out of order', keysWith(503)],
  ['knows no such tenant', (_, response) => response.writeHead(404).end('{}')],
  ['cuts the line', (request) => request.socket.destroy()],
  ['never answers', () => undefined],
  ['stops half-way', (_, response) => response.writeHead(200).write('{"keys": [')],
  ['answers with a page', (_, response) => response.end('<html>')],
  ['answers with other JSON', (_, response) => answerJson(response, { error: 'no' })],
  ['has no keys', (_, response) => answerJson(response, { keys: [] })],
  ['has no key to verify with', (_, response) => answerJson(response, { keys: [{ kty: 'oct', k: 'AA' }] })],
  ['sends elsewhere', movedKeys],
];

describe.for(FAILURES)('when the address of the keys %s', ([, failing]) => {
  test('it cannot be told who somebody is, which passes', async () => {
    entra.answers = failing;
    expect(await signIn()).toBe('wait 30 s');
    clock.advanceSeconds(29);
    expect(await signIn()).toBe('wait 1 s');
    expect(entra.fetches).toBe(1);
    entra.answers = null;
    clock.advanceSeconds(1);
    expect(await signIn()).toBe('let in');
  });

  test('those who are known are let in for a day, and new keys are awaited', async () => {
    await signIn();
    entra.answers = failing;
    clock.advanceSeconds(DAY_SECONDS - 1);
    expect(await signIn()).toBe('let in');
    expect(await signIn(newKey)).toBe('wait 30 s');
    clock.advanceSeconds(1);
    expect(await signIn()).toBe('wait 29 s');
    entra.answers = null;
    entra.keys = [newKey, ...entra.keys];
    clock.advanceSeconds(29);
    expect([await signIn(newKey), await signIn(entra.keys[1])]).toEqual(['let in', 'let in']);
  });
});

test('garbage and tokens for others are refused while Entra ID is down, not put off', async () => {
  entra.answers = (_, response) => response.writeHead(503).end();
  expect(await people.authenticate('garbage')).toBeNull();
  expect(await people.authenticate(await entra.token({ iss: 'https://elsewhere.example/' }))).toBeNull();
});

test('what is told of an outage names the reason, and no token', async () => {
  await entra.stop();
  const token = await entra.token();
  const error: unknown = await people.authenticate(token).catch((error: unknown) => error);
  expect(String(error)).toContain('ECONNREFUSED');
  expect(String(error)).not.toContain('eyJ');
  entra = await startEntraIssuer(clock);
});
