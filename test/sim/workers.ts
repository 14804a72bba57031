// Processes that simulate, as many as there are cores, each handed one seed after the other.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './worker.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const LOADER = new URL('./loader.ts', import.meta.url).href;

export interface Laboratory {
  readonly crypto: 'stand-in' | 'real';
  /** The name of a deliberate defect, or null. */
  readonly mutation: string | null;
}

/** Runs the orders; `onReport` answers whether to go on with the next ones. */
export async function runOrders(
  { crypto, mutation }: Laboratory,
  orders: Iterable<Order>,
  onReport: (report: Report) => boolean,
  workers = availableParallelism(),
): Promise<void> {
  const queue = orders[Symbol.iterator]();
  let isOver = false;
  const env = {
    ...process.env,
    KEYTURN_SIM_CRYPTO: crypto,
    ...(mutation !== null && { KEYTURN_SIM_MUTATION: mutation }),
  };

  const children = Array.from({ length: workers }, () =>
    fork(WORKER, [], { env, execArgv: ['--import', LOADER] }),
  );

  async function work(child: ChildProcess): Promise<void> {
    for (let next = queue.next(); !isOver && next.done !== true; next = queue.next()) {
      const report = await carriedOut(child, next.value);
      if (isOver || onReport(report)) continue;
      isOver = true;
      for (const each of children) each.kill('SIGKILL');
    }
  }

  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  // A world that is simulated hears nothing of the channel's end until it is over.
  const onSignal = (): void => {
    stop();
    process.exit(130);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await Promise.all(children.map((child) => work(child).catch((error: unknown) => endedWith(error))));
  } finally {
    stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }

  function endedWith(error: unknown): void {
    if (!isOver) throw error;
  }
}

async function carriedOut(child: ChildProcess, order: Order): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const onReport = (report: unknown): void => resolve(report as Report);
  const onExit = (code: number | null, signal: string | null): void =>
    reject(new Error(`the process that simulated seed ${order.seed} ended (${code ?? signal})`));
  child.once('message', onReport).once('exit', onExit);
  child.send(order);
  try {
    return await promise;
  } finally {
    child.off('message', onReport).off('exit', onExit);
  }
}
