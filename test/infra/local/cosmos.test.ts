// `npm start -- --store cosmos`, on the protocol of Cosmos DB: a group's life through the client and the real agent.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../../../cli/agent/agent.ts';
import { checkInOnce } from '../../../cli/agent/check-in-once.ts';
import { join as joinGroup } from '../../../cli/agent/join.ts';
import { systemClock } from '../../../shared/adapters/system-clock.ts';
import { httpServiceClient } from '../../../shared/api/client.ts';
import { newGroupKey } from '../../../shared/crypto/group-key.ts';
import { failureOf } from '../../../infra/local/cosmos-account.ts';
import { type FakeCosmos, startFakeCosmos } from '../../adapters/cosmos/fake-cosmos.ts';
import { memoryAgentFolder } from '../../cli/memory-agent-folder.ts';
import { passwordOf } from '../../service/real-agent.ts';
import { type Program, refusalOf, startProgram } from './program.ts';

const PASSWORD = 'a good enough password';

let folder = '';
let account: FakeCosmos;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-cosmos-'));
  account = await startFakeCosmos();
});
afterAll(async () => {
  await account.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (settings: Readonly<Record<string, string>>, data = 'data') =>
  startProgram(['--store', 'cosmos', '--port', '0', '--data', join(folder, data)], settings);

function newAgent(): Agent {
  return {
    folder: memoryAgentFolder(),
    clock: systemClock(),
    connect: (server) => httpServiceClient({ server }),
    version: '3.0.0',
    newGroupKey,
    observe: () => undefined,
    report: () => undefined,
  };
}

/** The service of a program that runs, as its owner and as agents use it. */
async function serviceOf(program: Program) {
  const server = await program.listens;
  const token = readFileSync(join(folder, 'data', 'token'), 'utf8').trim();
  const client = httpServiceClient({ server });
  const statuses = async (groupId: string) => {
    const { items } = await client.call('listGroupMachines', { params: { groupId }, token });
    return Object.fromEntries(items.map(({ name, keyDeliveryStatus }) => [name, keyDeliveryStatus]));
  };
  const enroll = async (groupId: string, name: string): Promise<Agent> => {
    const enrollment = await client.call('createEnrollmentToken', { params: { groupId }, body: {}, token });
    const agent = newAgent();
    const password = passwordOf(PASSWORD);
    await joinGroup(agent, { server, enrollmentToken: enrollment.token, name, password });
    return agent;
  };
  const until = (groupId: string, expected: Record<string, string>): Promise<void> =>
    vi.waitFor(async () => expect(await statuses(groupId), program.complaints()).toEqual(expected), {
      timeout: 30_000,
    });
  return { client, token, statuses, enroll, until };
}

test('a group lives through a renewal in Cosmos DB, and is there after a restart', async () => {
  const program = start({ COSMOS: account.connectionString, COSMOS_DATABASE: 'fleet-of-test' });
  const { client, token, enroll, until, statuses } = await serviceOf(program);
  const group = await client.call('createGroup', { body: { name: 'packing' }, token });
  const groupId = group.id;
  const first = await enroll(groupId, 'bot-1');
  const second = await enroll(groupId, 'bot-2');
  expect(await statuses(groupId)).toEqual({ 'bot-1': 'Default', 'bot-2': 'Default' });

  await client.call('openRenewal', { params: { groupId }, token });
  // By a job that the change feed carries on: nobody has checked in.
  await until(groupId, { 'bot-1': 'PendingNewKey', 'bot-2': 'PendingNewKey' });
  await checkInOnce(first);
  await until(groupId, { 'bot-1': 'Default', 'bot-2': 'PendingNewKey' });
  await checkInOnce(second);
  await until(groupId, { 'bot-1': 'Default', 'bot-2': 'Default' });
  program.child.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  expect(account.requests.some(({ path }) => path.includes('/dbs/fleet-of-test/'))).toBe(true);

  const again = start({ COSMOS: account.connectionString, COSMOS_DATABASE: 'fleet-of-test' });
  const restarted = await serviceOf(again);
  const kept = await restarted.client.call('getGroup', { params: { groupId }, token });
  expect(kept.primaryKey?.version).toBe(2);
  again.child.kill('SIGTERM');
  expect(await again.ended).toMatchObject({ code: 0, stderr: '' });
});

describe('without an account that can be used it does not start, and says why:', () => {
  const key = Buffer.from('key').toString('base64');
  test.each([
    ['none is named', {}, 2, /COSMOS__accountEndpoint/],
    [
      'a key to an account',
      { COSMOS: `AccountEndpoint=https://a.example/;AccountKey=${key};` },
      2,
      /identity/,
    ],
    ['no https', { COSMOS__accountEndpoint: 'http://a.example/' }, 2, /https/],
    // Nothing listens on port 1 of the loopback interface.
    ['nobody answers', { COSMOS: `AccountEndpoint=http://127.0.0.1:1/;AccountKey=${key};` }, 7, /not answer/],
  ])('%s', async (title, settings, expected, words) => {
    const { code, stderr } = await refusalOf(start({ COSMOS: '', ...settings }, title.replaceAll(' ', '-')));
    expect(stderr).toMatch(words);
    expect(code).toBe(expected);
  });

  test.each([
    ['it refuses', [403], 'key of the emulator'],
    ['what is needed is missing and cannot be made', [404, 404], 'infra/azure'],
  ])('%s', async (title, answers, words) => {
    account.faults.next('metadata', ...answers.map((answer) => ({ answer })));
    const settings = { COSMOS: account.connectionString };
    const { code, stderr } = await refusalOf(start(settings, title.replaceAll(' ', '-')));
    expect(stderr).toContain(words);
    expect(code).toBe(7);
    account.forget();
  });

  test('nobody is signed in to an account', async () => {
    const settings = {
      COSMOS: '',
      COSMOS__accountEndpoint: 'https://127.0.0.1:1/',
      // Looks at variables alone, which there are not: whoever runs this may be signed in.
      AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
    };
    const { code, stderr } = await refusalOf(start(settings, 'nobody'));
    expect(stderr).toMatch(/nobody is signed in to Azure.*\nhint: az login/);
    expect(code).toBe(7);
  });
});

test.each([
  ['CredentialUnavailableError', undefined, /az login/, /az login/],
  ['AuthenticationError', undefined, /az login/, /az login/],
  ['AggregateAuthenticationError', undefined, /az login/, /az login/],
  ['Error', 401, /Data Contributor/, /key of the emulator/],
  ['Error', 403, /Data Contributor/, /key of the emulator/],
  ['Error', 'ECONNREFUSED', /COSMOS__accountEndpoint/, /emulator runs/],
])('%s %s has its advice for an account, and for an emulator', (name, code, forAccount, forEmulator) => {
  const cause = Object.assign(new Error('said so'), { name, code });
  const { hint } = failureOf(cause, 'account', 'fleet');
  expect(hint).toMatch(forAccount);
  expect(hint).not.toContain('emulator');
  expect(failureOf(cause, 'emulator', 'fleet').hint).toMatch(forEmulator);
});
