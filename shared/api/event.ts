// Messages about the audit trail, enrollment tokens and the service's health.
import { z } from 'zod';
import { EVENT_KINDS } from '../domain/event.ts';
import {
  chosenIdSchema,
  idSchema,
  instantSchema,
  keyDeliveryStatusSchema,
  pageQuery,
  versionSchema,
} from './fields.ts';

export const eventSchema = z
  .object({
    id: z.string(),
    groupId: idSchema,
    kind: z.enum(EVENT_KINDS),
    occurredOn: instantSchema,
    actor: z.object({ kind: z.enum(['person', 'machine', 'service']), id: z.string() }),
    renewal: versionSchema.nullable().meta({ description: 'The version of the key that it is about.' }),
    machineId: idSchema.nullable(),
    machineName: z.string().nullable(),
    reason: z.string(),
    keyDeliveryStatus: z
      .object({ from: keyDeliveryStatusSchema.nullable(), to: keyDeliveryStatusSchema })
      .nullable(),
    traceId: z
      .string()
      .nullable()
      .meta({ description: 'Of the call that it came of, in telemetry; null where that was not recorded.' }),
  })
  .meta({ id: 'Event' });
export type EventView = z.infer<typeof eventSchema>;

export const listEventsQuery = z.strictObject({ ...pageQuery, machineId: idSchema.optional() });

export const ENROLLMENT_MINUTES_DEFAULT = 1440;
export const ENROLLMENT_USES_DEFAULT = 50;

export const createEnrollmentTokenBody = z.strictObject({
  id: chosenIdSchema,
  lifetimeMinutes: z.int().min(5).max(43_200).default(ENROLLMENT_MINUTES_DEFAULT),
  uses: z.int().min(1).max(10_000).default(ENROLLMENT_USES_DEFAULT),
});

export const enrollmentTokenSchema = z
  .object({
    id: z.string(),
    token: z.string().meta({ description: 'Shown this once.' }),
    expiresOn: instantSchema,
    uses: z.int(),
  })
  .meta({ id: 'EnrollmentToken' });

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'failing']),
    version: z.string(),
    time: instantSchema,
    checks: z.array(z.object({ name: z.string(), status: z.enum(['ok', 'failing']), detail: z.string() })),
  })
  .meta({ id: 'Health', description: 'Whether renewals can happen, not only whether the process lives.' });
export type Health = z.infer<typeof healthSchema>;
