// Creating with an id of one's own choice: a call whose answer was lost is repeated, and nothing is there twice.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupView } from '../../shared/api/group.ts';
import { ProtocolMachine } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { PEOPLE, startService } from './running-service.ts';
import { documentsOf, refusal } from './service-state.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

interface Token {
  readonly id: string;
  readonly token: string;
  readonly expiresOn: string;
}

function create(id: string, body: object = {}): Promise<Answer<GroupView>> {
  return service.call('POST', 'groups', { id, name: 'Line 1', ...body });
}

/** A new group, and how to make a token in it: always the same one. */
async function newMaker() {
  const { id: groupId } = await service.newGroup();
  const path = `groups/${groupId}/enrollment-tokens`;
  const id = randomUUID();
  const make = async (changes: object = {}, person?: string): Promise<Answer<Token>> => {
    const answer = await service.call<Token>('POST', path, { id, uses: 2, ...changes }, person);
    if (answer.status === 201) service.secrets.add(answer.body.token);
    return answer;
  };
  return { groupId, id, path, make };
}

/** How a new machine that comes with the token is answered. */
async function join(groupId: string, { body }: Answer<Token>): Promise<string | number> {
  const machine = await ProtocolMachine.make(service, groupId);
  const { status, code } = await machine.join(body.token);
  return code ?? status;
}

describe('a group', () => {
  test('that is created again is the same one, and answered the same', async () => {
    const id = randomUUID();
    const [first, second] = [await create(id), await create(id)];
    expect(first.body.id).toBe(id);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(await documentsOf(service, id, 'event')).toHaveLength(1);
  });

  test('is created once by two at the same time', async () => {
    const id = randomUUID();
    const answers = await Promise.all([create(id), create(id), create(id)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await documentsOf(service, id, 'event')).toHaveLength(1);
  });

  test.for([{ name: 'Line 2' }, { description: 'Hall 3' }, { groupKeyValidityPeriod: 200_000 }])(
    'of that id that is not as %j is refused',
    async (difference) => {
      const id = randomUUID();
      await create(id);
      expect((await refusal(service, () => create(id, difference))).code).toBe('IdTaken');
    },
  );

  test('that was deleted is not created again', async () => {
    const id = randomUUID();
    await create(id);
    await service.call('DELETE', `groups/${id}`);
    expect((await refusal(service, () => create(id))).code).toBe('GroupDeleted');
  });

  test('without an id is another one every time', async () => {
    const [first, second] = [await service.newGroup(), await service.newGroup()];
    expect(second.id).not.toBe(first.id);
  });
});

describe('an enrollment token', () => {
  test('that is made again takes the place of the one that nobody was told', async () => {
    const { groupId, id, make } = await newMaker();
    const [first, second] = [await make(), await make()];
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, id]);
    expect(await documentsOf(service, groupId, 'enrollmentToken')).toHaveLength(1);
    expect(await join(groupId, first)).toBe('EnrollmentTokenInvalid');
    expect(await join(groupId, second)).toBe(200);
  });

  test('that was used is not made again', async () => {
    const { groupId, make } = await newMaker();
    await join(groupId, await make());
    expect((await refusal(service, () => make())).code).toBe('IdTaken');
  });

  test('that was revoked is not made again', async () => {
    const { id, path, make } = await newMaker();
    await make();
    await service.call('DELETE', `${path}/${id}`);
    expect((await refusal(service, () => make())).code).toBe('IdTaken');
  });

  test.for([{ uses: 3 }, { lifetimeMinutes: 60 }])(
    'of that id that is not as %j is refused',
    async (other) => {
      const { make } = await newMaker();
      await make();
      expect((await refusal(service, () => make(other))).code).toBe('IdTaken');
    },
  );

  test('that is made again later ends when the first would have', async () => {
    const { make } = await newMaker();
    const first = await make();
    service.clock.advanceSeconds(60);
    expect((await make()).body.expiresOn).toBe(first.body.expiresOn);
  });

  test('of somebody else is left alone', async () => {
    const { make } = await newMaker();
    await make();
    expect((await refusal(service, () => make({}, PEOPLE.Operator))).code).toBe('IdTaken');
  });
});
