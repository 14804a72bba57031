// Where figures were taken: without that they say nothing.
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { VERSION } from '../../shared/version.ts';

export interface Environment {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    /** Of the last minute, before the first benchmark. */
    readonly load: number;
  };
  readonly versions: Readonly<Record<'keyturn' | 'node' | 'sqlite' | 'os', string>>;
}

export function environment(): Environment {
  const [cpu] = cpus();
  return {
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    },
    versions: {
      keyturn: VERSION,
      node: process.versions.node,
      sqlite: process.versions['sqlite'] ?? 'unknown',
      os: `${type()} ${release()}`,
    },
  };
}
