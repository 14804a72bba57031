// Processes of a benchmark's own, asked by messages: what serves and what makes the load must not share an event loop,
// and memory is a process's.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a child answers, by the question's name. */
export type Answers = Readonly<Record<string, (input: never) => unknown>>;

type InputOf<A extends Answers, Q extends keyof A> = Parameters<A[Q]>[0];
type AnswerOf<A extends Answers, Q extends keyof A> = Awaited<ReturnType<A[Q]>>;

export interface Child<A extends Answers> {
  /** @throws Error with what the child threw, or when it ends without an answer. */
  ask<Q extends keyof A & string>(question: Q, input: InputOf<A, Q>): Promise<AnswerOf<A, Q>>;
  stop(): Promise<void>;
}

type Reply = { readonly value: unknown } | { readonly error: string };

/** Starts `file`, a sibling of this one that calls `answerParent`. One question at a time. */
export function startChild<A extends Answers>(file: string, execArgv: readonly string[] = []): Child<A> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, [], { serialization: 'advanced', execArgv: [...execArgv] });
  return {
    async ask(question, input) {
      child.send({ question, input });
      const reply = await nextReply(child, `${file} ended while it was asked to ${question}`);
      if ('error' in reply) throw new Error(`${file}: ${reply.error}`);
      return reply.value as never;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function nextReply(child: ChildProcess, ifEnded: string): Promise<Reply> {
  const settled = new AbortController();
  const { signal } = settled;
  const replied = once(child, 'message', { signal }).then(([reply]) => reply as Reply);
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error(ifEnded);
  });
  try {
    return await Promise.race([replied, ended]);
  } finally {
    settled.abort();
    await Promise.allSettled([replied, ended]);
  }
}

/** The child's side: answers questions until the parent lets go of it, then calls `stop` and ends. */
export function answerParent(answers: Answers, stop: () => Promise<void>): void {
  process.on('message', ({ question, input }: { question: string; input: never }) => {
    void answerOne(answers, question, input).then((reply) => process.send?.(reply));
  });
  process.once('disconnect', () => void stop().finally(() => process.exit()));
}

async function answerOne(answers: Answers, question: string, input: never): Promise<Reply> {
  try {
    return { value: await answers[question]?.(input) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
