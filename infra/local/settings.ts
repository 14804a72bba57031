/** Application settings by name, as a Functions host reads them. */
export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * `text` with every `%NAME%` replaced by that setting.
 * @throws Error naming a setting that is not there.
 */
export function resolveSettings(text: string, settings: Settings, functionName: string): string {
  return text.replaceAll(/%([^%\s]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined) {
      throw new Error(`function "${functionName}" needs the setting ${name}, which is not set`);
    }
    return value;
  });
}
