// Creating with an id of one's own choice: a call whose answer was lost is repeated, and refused: nothing is there twice.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupView } from '../../shared/api/group.ts';
import { ProtocolMachine } from './protocol-machine.ts';
import type { Answer, RunningService } from './running-service.ts';
import { startService } from './running-service.ts';
import { documentsOf, refusal } from './service-state.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

interface Token {
  readonly id: string;
  readonly token: string;
}

function create(id: string): Promise<Answer<GroupView>> {
  return service.call('POST', 'groups', { id, name: 'Line 1' });
}

/** A new group, and how to make a token in it: always the same one. */
async function newMaker() {
  const { id: groupId } = await service.newGroup();
  const path = `groups/${groupId}/enrollment-tokens`;
  const id = randomUUID();
  const make = async (): Promise<Answer<Token>> => {
    const answer = await service.call<Token>('POST', path, { id, uses: 2 });
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
  test('that is created again is refused, and there once', async () => {
    const id = randomUUID();
    const first = await create(id);
    expect([first.status, first.body.id]).toEqual([201, id]);
    expect((await refusal(service, () => create(id))).code).toBe('IdTaken');
    expect(await documentsOf(service, id, 'event')).toHaveLength(1);
  });

  test('is created once by three at the same time', async () => {
    const id = randomUUID();
    const answers = await Promise.all([create(id), create(id), create(id)]);
    const codes = answers.map(({ code }) => code ?? 'created');
    expect(codes.toSorted((one, other) => one.localeCompare(other))).toEqual([
      'created',
      'IdTaken',
      'IdTaken',
    ]);
    expect(await documentsOf(service, id, 'event')).toHaveLength(1);
  });

  test('that was deleted is not created again', async () => {
    const id = randomUUID();
    await create(id);
    await service.call('DELETE', `groups/${id}`);
    expect((await refusal(service, () => create(id))).code).toBe('IdTaken');
  });

  test('without an id is another one every time', async () => {
    const [first, second] = [await service.newGroup(), await service.newGroup()];
    expect(second.id).not.toBe(first.id);
  });
});

describe('an enrollment token', () => {
  test('that is made again is refused; the first stays good, and there once', async () => {
    const { groupId, id, make } = await newMaker();
    const first = await make();
    expect([first.status, first.body.id]).toEqual([201, id]);
    expect((await refusal(service, () => make())).code).toBe('IdTaken');
    expect(await documentsOf(service, groupId, 'enrollmentToken')).toHaveLength(1);
    expect(await join(groupId, first)).toBe(200);
  });

  test('that was used, or revoked, is not made again', async () => {
    const { groupId, id, path, make } = await newMaker();
    await join(groupId, await make());
    expect((await refusal(service, () => make())).code).toBe('IdTaken');
    await service.call('DELETE', `${path}/${id}`);
    expect((await refusal(service, () => make())).code).toBe('IdTaken');
  });

  test('without an id is another one every time', async () => {
    const { path } = await newMaker();
    const made = await Promise.all([1, 2].map(() => service.call<Token>('POST', path, {})));
    for (const { body } of made) service.secrets.add(body.token);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(2);
  });
});
