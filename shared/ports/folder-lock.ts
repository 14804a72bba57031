// One process at a time on a folder: two on one data folder would each undo what the other wrote.

export interface FolderLock {
  /** Lets the next one in. Also happens by itself when the process ends, however it ends. */
  release(): void;
}

/** Another process holds the folder. */
export class FolderLocked extends Error {
  override readonly name = 'FolderLocked';
  readonly folder: string;
  /** Of the process that holds it; null when it can't be told. For messages only. */
  readonly pid: number | null;
  constructor(folder: string, pid: number | null) {
    super(`${folder} is in use by ${pid === null ? 'another process' : `process ${pid}`}`);
    this.folder = folder;
    this.pid = pid;
  }
}
