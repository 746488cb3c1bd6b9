import type { ElfFile } from '../elf/file.js';

/** `.klp.sym.OBJECT.SYMBOL,POSITION`, as `klp_resolve_symbols()` scans it. */
const SYMBOL = /^\.klp\.sym\.[^.]{1,55}\.[^,]{1,511},\d{1,20}$/;
/** `.klp.rela.OBJECT.SECTION`, as `klp_apply_section_relocs()` scans it. */
const SECTION = /^\.klp\.rela\.[^.]{1,55}\../;
const PREFIX = '.klp.sym.';
const MOST = 16;
const LONGEST = 200;

/**
 * The names of livepatch symbols, and of the sections with their
 * relocations, that the kernel cannot parse. The first 16.
 */
export function findMalformedSymbols(file: ElfFile): string[] {
  const malformed: string[] = [];
  for (const { name } of file.sections) {
    if (malformed.length < MOST && name.startsWith('.klp.rela.') && !SECTION.test(name))
      malformed.push(name.slice(0, LONGEST));
  }
  const named = file.symbols.marked(file.symbols.containing(PREFIX));
  for (let symbol = 1; symbol < file.symbols.count && malformed.length < MOST; symbol++) {
    const isMarked = file.symbols.isLivepatch(symbol);
    if (!isMarked && named[symbol] !== 1) continue;
    const name = file.symbols.name(symbol);
    if (!SYMBOL.test(name) && (isMarked || name.startsWith(PREFIX))) malformed.push(name.slice(0, LONGEST));
  }
  return malformed;
}
