// What an operation of the HTTP contract is.
import { z } from 'zod';

/** Who may call: anyone; a person with at least that role; or a machine with its own token. */
export type Caller = 'anyone' | 'Reader' | 'Operator' | 'Admin' | 'machine' | 'joiner';

export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  /** In camel case; also the name of the function. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/`, with `{parameter}`s. */
  readonly path: string;
  readonly summary: string;
  readonly caller: Caller;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer: Answer;
  readonly answerType: 'application/json' | 'application/openmetrics-text';
}

const nothing = z.strictObject({});
/** No body is asked for; what is sent all the same is not read. */
const noBody = z.undefined();

type Defaults = Operation<typeof nothing, typeof nothing, typeof noBody, typeof noBody>;
type Required = Pick<Operation, 'id' | 'method' | 'path' | 'summary' | 'caller'>;

/** An operation, with what it leaves out: no parameters, no query, no body, no answer. */
export function operation<Given extends Required & Partial<Operation>>(
  given: Given,
): Omit<Defaults, keyof Given> & Given {
  return {
    params: nothing,
    query: nothing,
    body: noBody,
    answer: noBody,
    answerType: 'application/json' as const,
    status: 200 as const,
    ...given,
  };
}
