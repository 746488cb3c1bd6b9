import { HostBearer } from '../enrol/bearer.js';
import { Failure } from '../failure.js';
import { observe } from '../observe.js';
import { EMPTY } from '../read/kmsg.js';
import { openTlsFiles } from '../send/tls-files.js';
import type { Settings } from '../settings.js';
import { findStateDirectory } from '../state/instance.js';

/**
 * Enrols this host, or renews its credential if it is enrolled already.
 *
 * @returns the instance id
 * @throws Failure UNAUTHORISED also if the enrolment waits for an admin
 */
export async function enrol(
  settings: Settings,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { url, enrolment, timeout } = settings;
  if (url === null)
    throw new Failure(
      'USAGE',
      'no registry is configured: set --url, KLPREG_URL or `url` in the configuration file',
    );
  const { instance, folder } = findStateDirectory(settings, false, warn);
  const { host } = await observe(
    settings,
    instance,
    () => EMPTY,
    () => undefined,
  );
  const tls = openTlsFiles(settings.tls);
  const limits = () => ({ timeoutMs: timeout * 1_000, stop: signal, tls });
  await new HostBearer({ url, folder, host, enrolment, limits, warn }).renew();
  return instance;
}
