// A Cosmos DB account at the level of its protocol, in this process: what the library asks for on behalf of the store, with
// batches that are whole, quoted ETags, several physical partitions, and faults to order. What it does not know it refuses.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeContainer } from './fake-container.ts';
import type { ContainerDefinition } from './fake-container.ts';
import { answerDocuments, kindOf } from './fake-documents.ts';
import { FakeFaults } from './fake-faults.ts';
import type { FakeRequest, Fault } from './fake-faults.ts';

export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeCosmos {
  readonly connectionString: string;
  readonly faults: FakeFaults;
  /** All that was asked since the last call of `forget`, in order. */
  readonly requests: readonly FakeRequest[];
  /** How many documents, or rows, queries were answered with since then. */
  readonly documentsSent: number;
  /** Forgets requests, what was sent, and faults that have not come about. */
  forget(): void;
  close(): Promise<void>;
}

export interface FakeCosmosOptions {
  /** How many physical partitions each container has. */
  readonly ranges?: number;
  /** After how many documents a query answers, and after how many writes the change feed does, whatever was found. */
  readonly examinedPerAnswer?: number;
}

export async function startFakeCosmos(options: FakeCosmosOptions = {}): Promise<FakeCosmos> {
  const { ranges = 3, examinedPerAnswer = 40 } = options;
  const databases = new Map<string, Map<string, FakeContainer>>();
  const faults = new FakeFaults();
  const requests: FakeRequest[] = [];
  let documentsSent = 0;

  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    requests.push(request);
    const fault = faults.take(request.kind);
    if (fault !== undefined && 'breaks' in fault && fault.breaks === 'before')
      return void message.socket.destroy();

    const answer =
      refusalBy(fault) ?? answerTo(databases, ranges, examinedPerAnswer, message, request, fault);
    if (request.kind === 'query') documentsSent += documentsIn(answer);
    if (fault !== undefined && 'silent' in fault) return;
    if (fault !== undefined && 'breaks' in fault && fault.breaks === 'after')
      return void message.socket.destroy();
    send(response, answer, fault);
  }

  const server = createServer((message, response) => {
    respond(message, response).catch((error: unknown) =>
      send(response, { status: 500, body: { message: String(error) } }, undefined),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    connectionString: `AccountEndpoint=http://127.0.0.1:${port}/;AccountKey=${btoa('the key of a fake')};`,
    faults,
    requests,
    get documentsSent() {
      return documentsSent;
    },
    forget() {
      requests.length = 0;
      documentsSent = 0;
      faults.clear();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(message: IncomingMessage): Promise<FakeRequest> {
  assert(message.headers.authorization?.startsWith('type%3Dmaster'), 'every request is signed');
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === '' ? null : JSON.parse(text);
  return { kind: kindOf(message), path: message.url ?? '', headers: message.headers, body };
}

function refusalBy(fault: Fault | undefined): FakeAnswer | null {
  if (fault === undefined || !('answer' in fault)) return null;
  const { answer: status, substatus = 0, retryAfterMilliseconds, requestCharge = 0 } = fault;
  return {
    status,
    body: { code: String(status), message: 'as it was told' },
    headers: {
      'x-ms-substatus': String(substatus),
      'x-ms-request-charge': String(requestCharge),
      ...(retryAfterMilliseconds !== undefined && { 'x-ms-retry-after-ms': String(retryAfterMilliseconds) }),
    },
  };
}

function answerTo(
  databases: Map<string, Map<string, FakeContainer>>,
  ranges: number,
  examinedPerAnswer: number,
  message: IncomingMessage,
  request: FakeRequest,
  fault: Fault | undefined,
): FakeAnswer {
  const [, databaseId, , containerId, part, id] = request.path
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);
  const { method } = message;
  if (databaseId === undefined && method === 'POST') {
    const { id } = request.body as { id: string };
    databases.set(id, new Map());
    return { status: 201, body: { id } };
  }
  const containers = databases.get(databaseId ?? '');
  if (containers === undefined) return notFound(1003);
  if (containerId === undefined) return addOrShow(containers, ranges, message, request);

  const container = containers.get(containerId);
  if (container === undefined) return notFound(1003);
  if (part === 'docs') return answerDocuments(container, id ?? null, request, fault, examinedPerAnswer);
  if (part === 'pkranges') return { status: 200, body: { PartitionKeyRanges: container.ranges } };
  return { status: 200, body: { ...container.definition, _rid: container.rid } };
}

function addOrShow(
  containers: Map<string, FakeContainer>,
  ranges: number,
  { method, url }: IncomingMessage,
  { body }: FakeRequest,
): FakeAnswer {
  if (method !== 'POST') return { status: 200, body: { id: url } };
  const definition = body as ContainerDefinition;
  containers.set(definition.id, new FakeContainer(definition, ranges));
  return { status: 201, body: definition };
}

function documentsIn({ body }: FakeAnswer): number {
  const { Documents: documents = [] } = body as { readonly Documents?: readonly unknown[] };
  return documents.length;
}

export function notFound(substatus = 0): FakeAnswer {
  return {
    status: 404,
    body: { code: 'NotFound', message: 'there is no such resource' },
    headers: { 'x-ms-substatus': String(substatus) },
  };
}

function send(
  response: ServerResponse,
  { status, body, headers }: FakeAnswer,
  fault: Fault | undefined,
): void {
  const text = fault !== undefined && 'text' in fault ? (fault.text ?? '') : JSON.stringify(body ?? null);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  if (fault !== undefined && 'breaks' in fault) {
    response.write(text.slice(0, text.length / 2), () => response.destroy());
  } else {
    response.end(status === 304 ? undefined : text);
  }
}
