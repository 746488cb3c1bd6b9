import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Compares with the golden file. `UPDATE_GOLDEN=1` writes it again, for a review of the difference. */
export const expectGolden = (name: string, text: string): void =>
  expectFile(path.join(__dirname, 'goldens', name), text);

/** Compares with any file that the tests write. */
export function expectFile(file: string, text: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(existsSync(file)).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
