// The port's contract holds with a store traced; and, when somebody records, what is stamped is what is left behind.
import { context, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { tracedDocumentStore } from '../../shared/adapters/traced-document-store.ts';
import type { DocumentType, FleetDocument } from '../../shared/ports/document-store.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';
import { startRecording } from '../telemetry/recording.ts';
import type { Recording } from '../telemetry/recording.ts';

describeDocumentStore('tracedDocumentStore', async () => ({
  store: tracedDocumentStore(memoryDocumentStore()),
  gaps: { durability: 'kept in memory alone' },
}));

describe('recorded', () => {
  let recording: Recording;
  let span: Span;
  beforeAll(() => {
    recording = startRecording();
    span = trace.getTracer('test').startSpan('a call');
  });
  afterAll(async () => {
    span.end();
    await recording.stop();
  });

  function within<T>(work: () => Promise<T>): Promise<T> {
    return context.with(trace.setSpan(context.active(), span), work);
  }

  async function written(type: DocumentType): Promise<FleetDocument | undefined> {
    const store = tracedDocumentStore(memoryDocumentStore());
    const document = { type, id: 'a', groupId: 'g' } as const;
    await within(() => store.write('g', [{ kind: 'create', document }]));
    return (await store.read('g', 'a'))?.document;
  }

  test.for(['event', 'job'] as const)('a new %s says which call it came of', async (type) => {
    const { traceId, spanId } = span.spanContext();
    expect(await written(type)).toEqual({
      type,
      id: 'a',
      groupId: 'g',
      traceParent: `00-${traceId}-${spanId}-01`,
    });
  });

  test.for(['group', 'machine', 'key', 'notification'] as const)(
    'a new %s is as it was given',
    async (type) => {
      expect(await written(type)).toEqual({ type, id: 'a', groupId: 'g' });
    },
  );

  test('what is replaced keeps the call that it came of', async () => {
    const store = tracedDocumentStore(memoryDocumentStore());
    const job = { type: 'job', id: 'a', groupId: 'g', traceParent: 'of another call' } as const;
    const [version] = await store.write('g', [{ kind: 'create', document: job }]);
    await within(() => store.write('g', [{ kind: 'replace', document: job, version: version ?? '' }]));
    expect((await store.read('g', 'a'))?.document).toEqual(job);
  });

  test('an event that could not be written is not counted', async () => {
    const store = tracedDocumentStore(memoryDocumentStore());
    const document = { type: 'event', id: 'a', groupId: 'g', kind: 'GroupCreated' } as const;
    await store.write('g', [{ kind: 'create', document }]);
    await expect(store.write('g', [{ kind: 'create', document }])).rejects.toThrow('exists');
    expect((await recording.points('keyturn.events')).map(({ attributes }) => attributes)).toContainEqual({
      kind: 'GroupCreated',
    });
    const counted = await recording.points('keyturn.events');
    expect(counted.find(({ attributes }) => attributes['kind'] === 'GroupCreated')?.value).toBe(1);
  });
});
