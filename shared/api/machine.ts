// Messages about machines, for people.
import { z } from 'zod';
import {
  agentVersionSchema,
  idSchema,
  instantSchema,
  keyDeliveryStatusFilterSchema,
  keyDeliveryStatusSchema,
  pageQuery,
  versionSchema,
} from './fields.ts';

export const machineSchema = z
  .object({
    id: idSchema,
    groupId: idSchema,
    name: z.string(),
    agentVersion: agentVersionSchema,
    agentCanRenew: z
      .boolean()
      .meta({ description: 'Whether the agent is of the minimum version for renewals.' }),
    keyDeliveryStatus: keyDeliveryStatusSchema,
    keyVersion: versionSchema.nullable(),
    keyReceivedDate: instantSchema.nullable(),
    lastHeartbeatDate: instantSchema
      .nullable()
      .meta({ description: 'Written every few check-ins, so it may be some hours old.' }),
    registeredDate: instantSchema.nullable(),
  })
  .meta({ id: 'Machine' });
export type MachineView = z.infer<typeof machineSchema>;

export const listMachinesQuery = z.strictObject({
  ...pageQuery,
  keyDeliveryStatus: keyDeliveryStatusFilterSchema.optional(),
  agentVersion: agentVersionSchema.optional().meta({ description: 'Exactly this version.' }),
  lastHeartbeatBefore: instantSchema.optional(),
  lastHeartbeatAfter: instantSchema.optional(),
});
