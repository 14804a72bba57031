import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpServiceClient, parseServerUrl } from '../../shared/api/client.ts';
import type { ServiceClient } from '../../shared/api/client.ts';
import { Problem, problemDocument } from '../../shared/api/problem.ts';

const GROUP = '3f0f2a52-0000-4000-8000-000000000001';

let server: Server;
let url: string;
let client: ServiceClient;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((request, response) => respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = httpServiceClient({ server: url, timeoutMilliseconds: 500 });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function answering(status: number, body: string, headers: Record<string, string> = {}): void {
  respond = (_request, response) => response.writeHead(status, headers).end(body);
}

test('A call goes to its operation’s address with token, query and JSON, and its answer is read by its schema', async () => {
  let seen: object = {};
  respond = (request, response) => {
    seen = { method: request.method, url: request.url, authorization: request.headers.authorization };
    response.end(JSON.stringify({ items: [], cursor: null, later: 'addition' }));
  };
  const query = { machineId: GROUP, limit: 5 };
  const page = await client.call('listGroupEvents', { params: { groupId: GROUP }, query, token: 'me' });
  expect(page).toEqual({ items: [], cursor: null });
  expect(seen).toEqual({
    method: 'GET',
    url: `/api/groups/${GROUP}/events?machineId=${GROUP}&limit=5`,
    authorization: 'Bearer me',
  });
});

test('An operation that answers nothing answers nothing', async () => {
  answering(204, '');
  expect(await client.call('deleteGroup', { params: { groupId: GROUP } })).toBeUndefined();
});

test('An operation that answers text asks for that, and answers it as it came', async () => {
  let accept: string | undefined;
  respond = (request, response) => {
    accept = request.headers.accept;
    response.end('keyturn_dead_letters 0\n# EOF\n');
  };
  expect(await client.call('metrics', {})).toBe('keyturn_dead_letters 0\n# EOF\n');
  expect(accept).toBe('application/openmetrics-text, application/problem+json');
});

test('A problem keeps code, server time and Retry-After', async () => {
  const document = problemDocument(new Problem('AuthTokenExpired', 'late'), '2026-01-01T00:00:00Z');
  answering(400, JSON.stringify(document), { 'retry-after': '7' });
  await expect(client.call('listGroups', {})).rejects.toMatchObject({
    code: 'AuthTokenExpired',
    message: 'late',
    serverTime: '2026-01-01T00:00:00Z',
    retryAfterSeconds: 7,
  });
});

test.each([
  ['a page of a gateway', 502, '<html>', { 'retry-after': '9' }, 'ServiceUnreachable', 9],
  [
    'a date in Retry-After',
    503,
    '',
    { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' },
    'ServiceUnreachable',
    null,
  ],
])('%s counts as unreachable', async (_what, status, body, headers, name, retryAfterSeconds) => {
  answering(status, body, headers);
  await expect(client.call('listGroups', {})).rejects.toMatchObject({ name, retryAfterSeconds });
});

test.each([
  ['a page that is not JSON', 200, '<html>'],
  ['JSON of another form', 200, '{"items":1}'],
  ['a refusal that is no problem', 404, 'not here'],
  [
    'a problem of a code it does not know',
    409,
    '{"code":"FromTheFuture","title":"","type":"","status":409,"detail":""}',
  ],
])('%s is an unexpected answer', async (_what, status, body) => {
  answering(status, body);
  await expect(client.call('listGroups', {})).rejects.toMatchObject({ name: 'UnexpectedAnswer' });
});

test('A redirect is not followed: a token goes to nobody else', async () => {
  answering(302, '', { location: 'http://127.0.0.1:1/' });
  await expect(client.call('listGroups', { token: 'me' })).rejects.toMatchObject({
    name: 'ServiceUnreachable',
  });
});

test('Silence, a broken connection and a closed port are unreachable', async () => {
  respond = () => undefined;
  await expect(client.call('listGroups', {})).rejects.toMatchObject({ name: 'ServiceUnreachable' });
  respond = (request) => request.socket.destroy();
  await expect(client.call('listGroups', {})).rejects.toMatchObject({ name: 'ServiceUnreachable' });
  const nobody = httpServiceClient({ server: 'http://127.0.0.1:2' });
  await expect(nobody.call('listGroups', {})).rejects.toMatchObject({ name: 'ServiceUnreachable' });
});

test.each([
  ['https://keyturn.example.com', 'https://keyturn.example.com'],
  ['https://keyturn.example.com/', 'https://keyturn.example.com'],
  ['https://Example.com:443/keyturn//', 'https://example.com/keyturn'],
  ['http://127.0.0.1:7071/', 'http://127.0.0.1:7071'],
  ['http://localhost:7071', 'http://localhost:7071'],
  ['http://[::1]:7071', 'http://[::1]:7071'],
  ['http://keyturn.example.com', null],
  ['http://localhost.example.com', null],
  ['http://127.0.0.1.example.com', null],
  ['https://user:password@example.com', null],
  ['https://example.com/?a=b', null],
  ['ftp://127.0.0.1', null],
  ['keyturn.example.com', null],
  ['', null],
])('The address %j is taken as %j', (text, address) => {
  expect(parseServerUrl(text)).toBe(address);
});
