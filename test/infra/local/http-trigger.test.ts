import { app, type HttpRequest } from '@azure/functions';
import { type ClientRequest, type IncomingMessage, request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../../infra/local/host.ts';
import { BODY_BYTES_MAX } from '../../../infra/local/http-trigger.ts';
import { newWorld, once } from './embedded-host.ts';

function echo(name: string) {
  return async (request: HttpRequest) => ({
    jsonBody: {
      name,
      method: request.method,
      url: request.url,
      params: request.params,
      query: Object.fromEntries(request.query),
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    },
  });
}

function http(name: string, route: string, methods: ('GET' | 'POST' | 'PUT' | 'HEAD')[]): void {
  app.http(name, { route, methods, handler: echo(name) });
}

const register = once(() => {
  http('group', 'groups/{groupId}', ['GET']);
  http('groupMine', 'groups/mine', ['GET']);
  http('groupsCreate', 'groups', ['POST']);
  http('groupsList', 'groups', ['GET', 'HEAD']);
  http('checkIn', 'groups/{groupId}/machines/{machineId}/check-in', ['POST']);
  http('machine', 'groups/{groupId}/machines/{machineId}', ['PUT']);
  http('portal', 'portal/{*path}', ['GET']);
  app.http('throws', {
    methods: ['GET'],
    handler: () => {
      throw new Error('the secret reason');
    },
  });
  app.http('nothing', { methods: ['GET'], handler: () => undefined as never });
  app.http('notAnObject', { methods: ['GET'], handler: () => 'text' as never });
  app.http('binary', {
    methods: ['POST'],
    handler: async (request) => ({
      status: 201,
      headers: { 'content-type': 'application/x-pkcs12', 'x-own': 'yes' },
      cookies: [{ name: 'seen', value: 'a b', httpOnly: true, sameSite: 'Lax', maxAge: 5 }],
      body: new Uint8Array(await request.arrayBuffer()).toReversed(),
    }),
  });
  app.http('trace', {
    methods: ['GET'],
    handler: (_, context) => ({ jsonBody: { trace: context.traceContext?.traceParent ?? null } }),
  });
});

const world = newWorld();
let host: Host;
beforeAll(async () => {
  host = await world.start(register);
});
afterAll(() => host.stop());

/** What the host itself answers: a problem document as the service's own. */
function problem(status: number, code: string) {
  return { status, body: expect.objectContaining({ status, code, type: `urn:keyturn:problem:${code}` }) };
}

async function get(path: string, init?: RequestInit): Promise<{ status: number; body: never }> {
  const response = await fetch(host.url + path, init);
  const text = await response.text();
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  expect(isProblem).toBe(response.status >= 400);
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as never };
}

async function answerTo(request: ClientRequest): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request.on('response', resolve).on('error', reject),
  );
  return json(response);
}

describe('routing', () => {
  test.each([
    ['GET', '/api/groups/mine', 'groupMine', {}],
    ['GET', '/api/groups/7', 'group', { groupId: '7' }],
    ['GET', '/api/groups', 'groupsList', {}],
    ['GET', '/api/Groups/', 'groupsList', {}],
    ['POST', '/api/groups', 'groupsCreate', {}],
    ['POST', '/api/groups/7/machines/8/check-in', 'checkIn', { groupId: '7', machineId: '8' }],
    ['PUT', '/api/groups/7/machines/a%20b%2Fc', 'machine', { groupId: '7', machineId: 'a b%2Fc' }],
    ['GET', '/api/portal/js/app.js', 'portal', { path: 'js/app.js' }],
    ['GET', '/api/portal', 'portal', { path: '' }],
  ])('%s %s reaches %s', async (method, path, name, params) => {
    expect(await get(path, { method })).toMatchObject({ status: 200, body: { name, method, params } });
  });

  test.each([
    ['GET', '/'],
    ['GET', '/groups'],
    ['GET', '/api'],
    ['GET', '/api/unknown'],
    ['GET', '/api/groups//machines'],
    ['PUT', '/api/groups'],
    ['POST', '/api/groups/mine'],
    ['GET', '/api/groups/7/machines/8/check-in'],
  ])('%s %s is not found', async (method, path) => {
    expect(await get(path, { method })).toEqual(problem(404, 'NotFound'));
  });

  test('HEAD is answered without a body where a function lists it', async () => {
    const response = await fetch(`${host.url}/api/groups`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await response.text()).toBe('');
  });

  test('HEAD is not found, and without a body, where no function lists it', async () => {
    expect(await get('/api/groups/mine', { method: 'HEAD' })).toEqual({ status: 404, body: null });
  });

  test('malformed percent-encoding in the path is a bad request', async () => {
    expect(await get('/api/groups/%zz')).toEqual(problem(400, 'InvalidRequest'));
  });

  test('a host header that is no authority is a bad request', async () => {
    const request = rawRequest(`${host.url}/api/groups`, { headers: { host: 'user:pw@evil/' } });
    request.end();
    expect(await answerTo(request)).toMatchObject({ status: 400, code: 'InvalidRequest' });
  });
});

describe('what a function is given', () => {
  test('headers by lower-case names, repeated query keys joined by commas, the body and the URL', async () => {
    const { body } = await get('/api/groups/7/machines/8/check-in?a=1&b=x%20y+z&A=2&c=', {
      method: 'POST',
      headers: { 'X-Own-Header': 'Value', 'content-type': 'application/json' },
      body: '{"ü":1}',
    });
    expect(body).toMatchObject({
      query: { a: '1,2', b: 'x y z', c: '' },
      headers: { 'x-own-header': 'Value', 'content-type': 'application/json' },
      body: '{"ü":1}',
      url: `${host.url}/api/groups/7/machines/8/check-in?a=1&b=x%20y+z&A=2&c=`,
    });
  });

  test('the body of a chunked request', async () => {
    const body = new Blob(['one ', 'two']).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await get('/api/groups', init)).body).toMatchObject({ body: 'one two' });
  });

  test.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['not a trace', false],
  ])('the trace "%s" only if it is well-formed', async (traceparent, passed) => {
    const { body } = await get('/api/trace', { headers: { traceparent } });
    expect(body).toEqual({ trace: passed ? traceparent : null });
  });
});

describe('what a client is answered', () => {
  test('status, headers, cookies and bytes as the function gave them', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const response = await fetch(`${host.url}/api/binary`, { method: 'POST', body: bytes });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/x-pkcs12');
    expect(response.headers.get('x-own')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual(['seen=a%20b; Max-Age=5; HttpOnly; SameSite=Lax']);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(bytes.toReversed()));
  });

  test('204 when the function returns nothing', async () => {
    expect(await get('/api/nothing')).toEqual({ status: 204, body: null });
  });

  test.each(['throws', 'notAnObject'])(
    'a 500 that says nothing when the function fails (%s)',
    async (name) => {
      const answer = await get(`/api/${name}`);
      expect(answer).toEqual(problem(500, 'InternalError'));
      expect(JSON.stringify(answer)).not.toContain('secret');
      expect(world.entries).toContainEqual(expect.objectContaining({ level: 'error', source: name }));
    },
  );

  test('413 for a body beyond the limit, announced or not', async () => {
    const tooLong = Buffer.alloc(BODY_BYTES_MAX + 1);
    expect(await get('/api/groups', { method: 'POST', body: tooLong })).toEqual(problem(413, 'BodyTooLarge'));
    const request = rawRequest(`${host.url}/api/groups`, { method: 'POST' });
    request.write(tooLong);
    expect(await answerTo(request)).toMatchObject({ status: 413, code: 'BodyTooLarge' });
    const longest = Buffer.alloc(BODY_BYTES_MAX);
    expect((await get('/api/groups', { method: 'POST', body: longest })).status).toBe(200);
  });

  test('a client that goes away in the middle of its request harms nobody', async () => {
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    socket.write('POST /api/groups HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 10\r\n\r\nabc');
    await new Promise<void>((resolve) => socket.end(() => resolve()));
    socket.destroy();
    expect((await get('/api/groups')).status).toBe(200);
    const failures = world.entries.filter(({ level, source }) => level === 'error' && source === 'host');
    expect(failures).toEqual([]);
  });
});
