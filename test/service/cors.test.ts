// Pages of other sites: no browser may let them call the service, or read what it answers. Every operation is asked as a browser
// asks for such a page, and so is what is no operation.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../shared/api/operations.ts';
import type { OperationId } from '../../shared/api/operations.ts';
import { PEOPLE, startService } from './running-service.ts';
import type { RunningService } from './running-service.ts';

const ORIGIN = 'https://elsewhere.example';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

async function ask(method: string, path: string, headers: Record<string, string>): Promise<Response> {
  const response = await fetch(`${service.host.url}/api/${path}`, {
    method,
    headers: { origin: ORIGIN, ...headers },
  });
  await response.arrayBuffer();
  return response;
}

/** Headers by which a browser would be told that another site's page may do something. */
function permissions({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => /^(access-control|cross-origin|timing-allow)-/.test(name));
}

const ROUTES: [string, string, string][] = [
  ...(Object.keys(operations) as OperationId[]).map((id): [string, string, string] => [
    id,
    operations[id].method,
    operations[id].path.replaceAll(/\{\w+\}/g, '1'),
  ]),
  ['what is no operation', 'GET', 'nothing'],
  ['the wrong method', 'DELETE', 'health'],
];

test.for(ROUTES)('a preflight for %s is answered without a permission', async ([, method, path]) => {
  const response = await ask('OPTIONS', path, {
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization, content-type',
    'access-control-request-private-network': 'true',
  });
  expect([response.ok, permissions(response)]).toEqual([false, []]);
});

test.for(ROUTES)('%s is answered to no other site’s page, signed in or not', async ([, method, path]) => {
  for (const authorization of [`Bearer ${PEOPLE.Admin}`, 'Bearer of-nobody', '']) {
    expect(permissions(await ask(method, path, { authorization }))).toEqual([]);
  }
});

test('what goes well says no more', async () => {
  const response = await ask('GET', 'groups', { authorization: `Bearer ${PEOPLE.Admin}` });
  expect([response.status, permissions(response)]).toEqual([200, []]);
});
