// What the costs of a fleet rest on beside what was counted: its size, what another benchmark measured, limits and prices of public
// pages, and plain assumptions. All to be checked before anybody relies on them; limits and prices change.

export const FLEET = { machines: 10_000_000, groups: 10_000 };

/** Seconds: the default of `KEYTURN_CHECK_IN_SECONDS`, and the most that it may be. */
export const PACES = [3600, 43_200] as const;
/** A heartbeat is written once in so many check-ins. */
export const HEARTBEAT_PERIODS = 4;
/** Machines. */
export const GROUP_SIZES = [1000, 100_000] as const;

export const MONTH_SECONDS = 730 * 3600;
export const YEAR_MINUTES = 525_960;

/** Of the benchmark `renewal`: 1,000 agents, two cores of an AMD EPYC, Node 24. Milliseconds are of the service's processor. */
export const RENEWAL = {
  checkInMilliseconds: 1.7,
  machineMilliseconds: 8.3,
  callsOfMachine: 4.14,
  checkInsOfMachine: 2.14,
};

/**
 * RU/s and GB of a logical partition ("Azure Cosmos DB service quotas"); secrets read and created in ten seconds, a vault
 * ("Azure Key Vault service limits").
 */
export const LIMITS = { partitionUnits: 10_000, partitionGigabytes: 20, vaultGets: 4000, vaultCreates: 300 };

/** US dollars: list prices in US regions, pay as you go, as published in 2025 and 2026. */
export const PRICES = {
  /** Autoscale in one region: 100 RU/s for an hour. */
  units: 0.012,
  storageGigabyte: 0.25,
  millionExecutions: 0.4,
  gigabyteSecond: 0.000026,
  egressGigabyte: 0.08,
  telemetryGigabyte: 2.3,
};

export const ASSUMED = {
  /** An instance of 2,048 MB has about one core, and is kept half busy. */
  instanceGigabytes: 2,
  coresOfInstance: 0.5,
  /** Functions' own host takes as much of the processor as our process does. */
  hostFactor: 2,
  /** The busiest second of an hour, which autoscale bills, against the average. */
  peakFactor: 1.5,
  /** Index on top of documents. */
  indexFactor: 1.5,
  /** Out of Azure with each check-in: answer and headers (0.8 KB, measured), and a TLS handshake. */
  egressKilobytes: 6,
  telemetryKilobytes: 1,
  /** What one scan opens, at its longest, is opened evenly over its three minutes. */
  scanSeconds: 180,
  /** Bought, when everything is due at once. */
  boughtUnits: 40_000,
};
