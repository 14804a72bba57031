import { describe, expect, it } from 'vitest';
import { COSMOS_CONTAINERS } from '../../../shared/adapters/cosmos-container.ts';
import { at } from './bicep.ts';
import { readJson, resource } from './infrastructure.ts';
import { valuesOf } from './registrations.ts';

interface Container {
  readonly id: string;
  readonly partitionKey: { readonly paths: readonly string[] };
  readonly defaultTtl?: number;
}

const containers = readJson('containers.json') as Container[];

describe('containers', () => {
  it.each(COSMOS_CONTAINERS.map((container) => [container.id, container] as const))(
    '%s is as the store declares it: partition key, life and indexes',
    (id, container) => {
      expect(containers.find((each) => each.id === id)).toEqual(structuredClone(container));
    },
  );

  it('are there for every binding that reads one', () => {
    const read = [...valuesOf('containerName'), ...valuesOf('leaseContainerName')];
    expect(containers.map(({ id }) => id)).toEqual(expect.arrayContaining(read));
    expect(read).toEqual(['fleet', 'leases']);
  });

  it('are there for notifications: what is subscribed to for ever, what was delivered for ninety days', () => {
    const ofNotifications = containers.filter(({ id }) => COSMOS_CONTAINERS.every((each) => each.id !== id));
    expect(ofNotifications).toMatchObject([
      { id: 'subscriptions', partitionKey: { paths: ['/id'] } },
      { id: 'deliveries', partitionKey: { paths: ['/subscriptionId'] }, defaultTtl: 90 * 86_400 },
    ]);
    expect(ofNotifications[0]).not.toHaveProperty('defaultTtl');
  });

  it('are declared by that data alone', () => {
    const { body } = resource('Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers');
    expect(at(body, 'properties')).toMatchObject({ resource: { text: 'container' } });
  });
});

describe('storage', () => {
  const names = readJson('storage-names.json') as { packageContainer: string; queues: string[] };

  it('has the queues of the bindings, and one beside each for dead letters', () => {
    const queues = valuesOf('queueName').flatMap((queue) => [queue, `${queue}-poison`]);
    expect(names.queues).toEqual(queues);
    expect(queues).toEqual(['fleet-retries', 'fleet-retries-poison']);
  });
});
