// What this host takes from host.json; the rest of it is for the host in Azure.
import { readFile } from 'node:fs/promises';

export interface QueueSettings {
  /** Messages that are received at once, 1 to 32. */
  readonly batchSize: number;
  /** More are received when no more than so many are under way. */
  readonly newBatchThreshold: number;
  /** How long a message whose function failed stays out of sight. */
  readonly visibilitySeconds: number;
  /** So many times a message is handed to its function, before it goes to the queue of dead letters. */
  readonly maxDequeueCount: number;
  readonly maxPollingMilliseconds: number;
}

export interface HostJson {
  readonly routePrefix: string;
  readonly queues: QueueSettings;
}

interface HostJsonFile {
  readonly extensions?: {
    readonly http?: { readonly routePrefix?: string };
    readonly queues?: {
      readonly batchSize?: number;
      readonly newBatchThreshold?: number;
      readonly visibilityTimeout?: string;
      readonly maxDequeueCount?: number;
      readonly maxPollingInterval?: string;
    };
  };
}

/** With the defaults of the host in Azure for what it does not say. @throws Error when it cannot be read. */
export async function readHostJson(file: URL): Promise<HostJson> {
  const { extensions = {} } = JSON.parse(await readFile(file, 'utf8')) as HostJsonFile;
  const { http = {}, queues = {} } = extensions;
  const batchSize = queues.batchSize ?? 16;
  return {
    routePrefix: http.routePrefix ?? 'api',
    queues: {
      batchSize,
      newBatchThreshold: queues.newBatchThreshold ?? Math.floor(batchSize / 2),
      visibilitySeconds: parseSpanSeconds(queues.visibilityTimeout ?? '00:00:00'),
      maxDequeueCount: queues.maxDequeueCount ?? 5,
      maxPollingMilliseconds: parseSpanSeconds(queues.maxPollingInterval ?? '00:01:00') * 1000,
    },
  };
}

function parseSpanSeconds(text: string): number {
  const [, hours, minutes, seconds] = /^(\d\d):([0-5]\d):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) throw new Error(`host.json: "${text}" is not a time span hh:mm:ss`);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
